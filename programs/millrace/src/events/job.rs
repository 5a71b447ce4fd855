//! Events of clients and jobs.

use crate::prelude::*;

/// A wallet opened its client account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOpened {
    pub client: Pubkey,
    /// The wallet.
    pub owner: Pubkey,
}

/// A job was posted.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPosted {
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    pub nonce: u64,
    /// SHA-256 of the canonical manifest.
    pub manifest: [u8; 32],
    /// Number of shards.
    pub shards: u32,
    /// The deposit, base units.
    pub deposited: u64,
    /// Sum of what the client's jobs hold afterwards, base units.
    pub client_held_after: u64,
}

/// The seed of a job was taken, or its block was forgotten and a later block will give the seed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSeeded {
    pub job: Pubkey,
    /// The seed; 0 if a later block will give it.
    pub seed: u64,
    /// The seed comes from the first block after this slot.
    pub after_slot: u64,
}

/// A client cancelled the shards without seats.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCancelled {
    pub job: Pubkey,
    /// Number of shards cancelled.
    pub shards: u32,
    /// Refunded to the client, base units.
    pub refunded: u64,
    /// Held by the job afterwards, base units.
    pub held_after: u64,
}

/// The deadline of a job passed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobExpired {
    pub job: Pubkey,
    /// Number of shards that failed because they had no seat.
    pub shards: u32,
}

/// A job was closed and the rest of its deposit refunded.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobClosed {
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    /// Paid to providers in total, base units.
    pub paid: u64,
    /// Paid to the treasury in total, base units.
    pub fee: u64,
    /// Refunded to the client in total, base units.
    pub refunded: u64,
}
