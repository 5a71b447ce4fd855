#![allow(clippy::unwrap_used)]

mod market;
mod quotes;
mod rounds;
mod world;
