//! One verb a file, in folders by role. Each file holds, in this order: arguments, accounts,
//! `validate`, handler, event.

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
