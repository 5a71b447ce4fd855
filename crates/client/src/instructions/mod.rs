//! Builders for the program's instructions. Each fills in all accounts.

mod admin;
mod build;
mod client;
mod crank;
mod ed25519;
mod mints;
mod orchestrator;
mod provider;
mod shard_ref;
mod token_account;

pub use admin::*;
pub use client::*;
pub use crank::*;
pub use ed25519::SignedStatement;
pub use mints::Mints;
pub use orchestrator::*;
pub use provider::*;
pub use shard_ref::ShardRef;
pub use token_account::{create_token_account, create_token_account_of};
