//! The program's client: addresses, instructions, account reads, the feed of changes, and the life of
//! a transaction.
//!
//! The on-chain program is a dependency of this crate (its types, without entry point), so that
//! layouts can't drift.

pub mod account;
pub mod address;
pub mod compute;
pub mod endpoints;
pub mod error;
pub mod event;
pub mod fail;
pub mod feed;
pub mod fees;
pub mod finals;
pub mod fit;
pub mod history;
pub mod instruction;
pub mod journal;
pub mod loader;
pub mod matching;
pub mod observe;
pub mod packing;
pub mod payer;
pub mod picture;
pub mod redact;
pub mod rpc;
pub mod sender;
pub mod tag;
pub mod wallet;

pub use error::ChainError;
pub use millrace_program as program;
pub use solana_sdk::pubkey::Pubkey;
