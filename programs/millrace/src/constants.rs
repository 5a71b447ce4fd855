//! Seeds and the bounds that no parameter can leave.

use anchor_lang::prelude::Pubkey;

/// The program's address. A network that is to last has a key of its own, whose address the build is
/// given by `MILLRACE_PROGRAM_ID` (`make build PROGRAM_ID=...`); all others have the development key's.
pub const PROGRAM_ID: Pubkey = match option_env!("MILLRACE_PROGRAM_ID") {
    Some(address) => Pubkey::from_str_const(address),
    None => DEVELOPMENT_ID,
};
/// The address of `programs/millrace/development-key.json`, which everybody has: whoever is first on a
/// public cluster can deploy there.
pub const DEVELOPMENT_ID: Pubkey =
    Pubkey::from_str_const("MiLXw5vSuMxgdYfUemsW6ba7EoyqEfUVpMAE6g196rb");

/// Most seats a shard can have.
pub const MAX_SEATS: usize = 5;
/// Most seats of a shard that can be challenged: its settlement, with a second mint, the challenger's
/// accounts and a bounty, has to fit a transaction of 1,232 bytes.
pub const MAX_CHALLENGED_SEATS: u8 = 4;
/// Basis points in a whole.
pub const BPS: u64 = 10_000;
/// Most that the protocol may take of what providers are paid, in basis points.
pub const MAX_FEE_BPS: u16 = 1_000;
/// Buckets that fees, penalties and points go into. Every settlement writes one of them, chosen by
/// the job's address, so that settlements of different jobs need not write the same account.
pub const BUCKETS: u8 = 8;
/// Most shards that a network may allow in one job.
pub const MAX_SHARDS: u32 = 1_024;
/// Longest window that a network may allow, in seconds: one day.
pub const MAX_WINDOW_SECS: u32 = 86_400;
/// Furthest deadline that a network may allow, in seconds from posting: thirty days.
pub const MAX_DEADLINE_SECS: u32 = 30 * 86_400;
/// Longest time that stake may stay in unbonding, in seconds: ninety days.
pub const MAX_UNBONDING_SECS: u32 = 90 * 86_400;
/// Most that a seat may lock, in basis points of its highest price: a thousand prices.
pub const MAX_LOCK_BPS: u64 = 10_000_000;
/// Longest time to decline a seat that a network may allow, in seconds: one hour.
pub const MAX_ACCEPT_SECS: u32 = 3_600;
/// Most that a cranker may be paid of what a late party forfeits, in basis points.
pub const MAX_BOUNTY_BPS: u16 = 5_000;
/// Time that a job leaves for the draw of an audit, in seconds: the blocks that decide have come by
/// then, and somebody has cranked it.
pub const DRAW_SECS: u32 = 60;
/// Attempts of a shard after which no seat is given up any more, so that some are left for rounds, a
/// draw and a challenge.
pub const MAX_FREED_ATTEMPTS: u8 = 200;
/// Most that a late seat may lose, in basis points of its lock: who is late has not lied.
pub const MAX_LATE_BPS: u16 = 2_500;
/// Most slots that an audit's draw may be spread over: within the slot hashes that the chain keeps.
pub const MAX_DRAW_SLOTS: u8 = 64;
/// Shortest epoch that a network may have, in seconds: one minute.
pub const MIN_EPOCH_SECS: u32 = 60;
/// Longest epoch that a network may have, in seconds: ninety days.
pub const MAX_EPOCH_SECS: u32 = 90 * 86_400;
/// Epochs of which a provider's points, not banked yet, are kept.
pub const MAX_PROVIDER_EPOCHS: usize = 8;
/// Epochs of which a bucket's points, not closed yet, are kept.
pub const MAX_BUCKET_EPOCHS: usize = 16;
/// Layout version written into every account.
pub const ACCOUNT_VERSION: u8 = 1;

/// Seeds of every address that the program derives. No literal of a seed stands anywhere else.
pub mod seeds {
    /// The one [`crate::state::Network`].
    pub const NETWORK: &[u8] = b"network";
    /// A [`crate::state::Bucket`]: `[BUCKET, index]`.
    pub const BUCKET: &[u8] = b"bucket";
    /// A treasury vault: `[TREASURY, mint, bucket index]`.
    pub const TREASURY: &[u8] = b"treasury";
    /// The one [`crate::state::Rewards`].
    pub const REWARDS: &[u8] = b"rewards";
    /// The vault that rewards are paid from.
    pub const REWARDS_VAULT: &[u8] = b"rewards_vault";
    /// An [`crate::state::Epoch`]: `[EPOCH, number]`.
    pub const EPOCH: &[u8] = b"epoch";
    /// An orchestrator's bond vault: `[BOND, orchestrator]`.
    pub const BOND: &[u8] = b"bond";
    /// A [`crate::state::Challenge`]: `[CHALLENGE, job, index]`.
    pub const CHALLENGE: &[u8] = b"challenge";
    /// An [`crate::state::Orchestrator`]: `[ORCHESTRATOR, key]`.
    pub const ORCHESTRATOR: &[u8] = b"orchestrator";
    /// A [`crate::state::Provider`]: `[PROVIDER, authority]`.
    pub const PROVIDER: &[u8] = b"provider";
    /// A provider's stake vault: `[STAKE, provider]`.
    pub const STAKE: &[u8] = b"stake";
    /// A provider's earnings vault: `[EARNINGS, provider]`.
    pub const EARNINGS: &[u8] = b"earnings";
    /// A [`crate::state::Client`]: `[CLIENT, wallet]`.
    pub const CLIENT: &[u8] = b"client";
    /// A client's escrow vault: `[ESCROW, client account]`.
    pub const ESCROW: &[u8] = b"escrow";
    /// A [`crate::state::Job`]: `[JOB, wallet, nonce]`.
    pub const JOB: &[u8] = b"job";
    /// A [`crate::state::Shard`]: `[SHARD, job, index]`.
    pub const SHARD: &[u8] = b"shard";
}
