//! Deploys and upgrades programs through the upgradeable loader.
//!
//! A program has two accounts: one at its own address, and its program data account with the bytes, the
//! slot of the last change and the upgrade authority. New bytes are first written to a buffer account, in
//! chunks, and then moved into the program by a single transaction. Account layouts and instructions are
//! those of `solana-loader-v3-interface`.

pub mod buffer;
pub mod image;
pub mod instructions;
pub mod state;
pub mod writer;

use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

/// The upgradeable loader.
pub const LOADER: Pubkey = pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");
