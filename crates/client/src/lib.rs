//! Client library of the Millrace program: addresses, instructions, accounts, events and their history, an
//! account cache, a transaction sender, and deployment.
//!
//! Layouts are the program crate's own types (without its entry point), so they cannot drift.

#![warn(missing_docs)]

pub mod accounts;
pub mod cache;
pub mod compatibility;
pub mod deploy;
pub mod error;
pub mod events;
pub mod failpoint;
pub mod history;
pub mod instructions;
pub mod pda;
pub mod rpc;
pub mod selection;
pub mod tag;
pub mod tx;
pub mod wallet;

pub use error::ChainError;
pub use millrace_program as program;
pub use solana_sdk::pubkey::Pubkey;
