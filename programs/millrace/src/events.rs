//! What happened, in the past tense, with the books after it. Enough to rebuild history; never
//! needed to act: every fact is in an account too.

use anchor_lang::prelude::*;

/// A network came into being.
#[event]
pub struct NetworkInitialized {
    /// Its random id.
    pub network_id: [u8; 32],
    /// Its authority.
    pub authority: Pubkey,
    /// Mint of stake.
    pub stake_mint: Pubkey,
    /// Mint of payments.
    pub payment_mint: Pubkey,
}

/// A treasury vault was opened.
#[event]
pub struct TreasuryOpened {
    /// Its mint.
    pub mint: Pubkey,
    /// Its bucket.
    pub bucket: u8,
    /// Its address.
    pub vault: Pubkey,
}

/// A key became an orchestrator.
#[event]
pub struct OrchestratorRegistered {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
}

/// A provider registered.
#[event]
pub struct ProviderRegistered {
    /// The account.
    pub provider: Pubkey,
    /// Its cold key.
    pub authority: Pubkey,
    /// Its hot key.
    pub operator: Pubkey,
    /// Its asking price, base units per unit.
    pub ask_price: u64,
}

/// Stake came in.
#[event]
pub struct StakeDeposited {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Active stake before it.
    pub active_before: u64,
    /// Active stake after it.
    pub active_after: u64,
}

/// Stake was taken as a penalty.
#[event]
pub struct StakeSlashed {
    /// The provider.
    pub provider: Pubkey,
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// True for a wrong result, false for a late one.
    pub wrong: bool,
    /// How much, base units.
    pub amount: u64,
    /// Part of it that compensates the client.
    pub compensation: u64,
    /// Active stake after it.
    pub active_after: u64,
    /// Unbonding stake after it.
    pub unbonding_after: u64,
}

/// Earnings left for the authority's account.
#[event]
pub struct EarningsClaimed {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Lifetime claims after it.
    pub claimed_after: u64,
}

/// A wallet became a client.
#[event]
pub struct ClientOpened {
    /// The account.
    pub client: Pubkey,
    /// The wallet.
    pub owner: Pubkey,
}

/// A job was posted.
#[event]
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

/// Providers sat down at a shard.
#[event]
pub struct SeatsAssigned {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The attempt.
    pub attempt: u8,
    /// Who sat down, in the order of the seats.
    pub providers: Vec<Pubkey>,
    /// Stake locked for each, base units.
    pub locked: u64,
    /// End of the commit window, unix seconds.
    pub commit_by: i64,
}

/// Commitments were recorded.
#[event]
pub struct CommitmentsRecorded {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
}

/// Results were shown.
#[event]
pub struct ResultsRevealed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
}

/// A shard was paid.
#[event]
pub struct ShardSettled {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The quorum's result root.
    pub root: [u8; 32],
    /// The quorum's units.
    pub units: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Held by the job after it.
    pub held_after: u64,
}

/// More seats were opened at a shard.
#[event]
pub struct ShardReopened {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The new attempt.
    pub attempt: u8,
    /// Seats it has now.
    pub target: u8,
}

/// A shard ended without a result.
#[event]
pub struct ShardFailed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
}

/// A seat that did not commit was freed.
#[event]
pub struct SeatExpired {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who sat there.
    pub provider: Pubkey,
}

/// A client cancelled the shards that no seat had taken.
#[event]
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
pub struct JobExpired {
    /// The job.
    pub job: Pubkey,
    /// Shards that nobody had taken a seat at.
    pub shards: u32,
}

/// A job was closed and what was left given back.
#[event]
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
