#![allow(clippy::unwrap_used)]

mod finality;
mod market;
mod quotes;
mod rounds;
mod waits;
mod world;
