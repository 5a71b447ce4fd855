#![allow(clippy::unwrap_used)]

mod eligibility;
mod finality;
mod matcher;
mod pending;
mod quotes;
mod rounds;
mod world;
