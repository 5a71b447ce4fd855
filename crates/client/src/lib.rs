//! The program's client: addresses, instructions, account reads, a cache of accounts, and the life of
//! a transaction.
//!
//! The on-chain program is a dependency of this crate (its types, without the entry point), so that
//! layouts cannot drift.

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
