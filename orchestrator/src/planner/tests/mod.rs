#![allow(clippy::unwrap_used)]

mod finality;
mod matcher;
mod pending;
mod quotes;
mod rounds;
mod world;
