//! The instructions: `<role>/<verb>.rs`, each with its caller, its time window and the tokens that it moves.
//! A file has, in this order: arguments, accounts, `validate`, the handler, and its event.

mod admin;
mod client;
mod crank;
mod mints;
mod orchestrator;
mod provider;
mod tokens;

pub use admin::*;
pub use client::*;
pub use crank::*;
pub use orchestrator::*;
pub use provider::*;
