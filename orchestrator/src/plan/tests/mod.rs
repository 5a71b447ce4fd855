#![allow(clippy::unwrap_used)]

mod finality;
mod market;
mod rounds;
mod world;
