#![allow(clippy::unwrap_used)]

mod market;
mod rounds;
mod world;
