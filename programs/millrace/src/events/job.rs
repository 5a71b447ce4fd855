//! Of clients and jobs.

use crate::prelude::*;

/// A wallet became a client.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOpened {
    /// The account.
    pub client: Pubkey,
    /// The wallet.
    pub owner: Pubkey,
}

/// A job was posted.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPosted {
    /// The job.
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    /// Its nonce.
    pub nonce: u64,
    /// Hash of its manifest.
    pub manifest: [u8; 32],
    /// Its shards.
    pub shards: u32,
    /// Its deposit, base units.
    pub deposited: u64,
    /// The client's escrow after it.
    pub client_held_after: u64,
}

/// A job's seed was taken, or its first block was forgotten and a later one will be it.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSeeded {
    /// The job.
    pub job: Pubkey,
    /// The seed; 0 where it is yet to be taken.
    pub seed: u64,
    /// The slot after which the block comes.
    pub after_slot: u64,
}

/// A client cancelled the shards that no seat had taken.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCancelled {
    /// The job.
    pub job: Pubkey,
    /// Shards cancelled.
    pub shards: u32,
    /// Given back, base units.
    pub refunded: u64,
    /// Held by the job after it.
    pub held_after: u64,
}

/// A job's deadline passed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobExpired {
    /// The job.
    pub job: Pubkey,
    /// Shards that nobody had taken a seat at.
    pub shards: u32,
}

/// A job was closed and what was left given back.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobClosed {
    /// The job.
    pub job: Pubkey,
    /// The wallet.
    pub client: Pubkey,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Given back over its life, base units.
    pub refunded: u64,
}
