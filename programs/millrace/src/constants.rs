//! Address seeds, and the bounds of all parameters.

use anchor_lang::prelude::Pubkey;

/// The program's address. A permanent network has its own key, whose address is passed to the build as
/// `MILLRACE_PROGRAM_ID` (`make build PROGRAM_ID=...`). Other networks use the development key.
pub const PROGRAM_ID: Pubkey = match option_env!("MILLRACE_PROGRAM_ID") {
    Some(address) => Pubkey::from_str_const(address),
    None => DEVELOPMENT_ID,
};
/// The address of `programs/millrace/development-key.json`. The key is public: on a public cluster anyone
/// can be the first to deploy a program there.
pub const DEVELOPMENT_ID: Pubkey =
    Pubkey::from_str_const("MiLXw5vSuMxgdYfUemsW6ba7EoyqEfUVpMAE6g196rb");

/// Maximum number of seats of a shard.
pub const MAX_SEATS: usize = 5;
/// Maximum number of seats of a shard that can be challenged. The settlement, with a second mint and the
/// challenger's accounts, must fit a transaction of 1,232 bytes.
pub const MAX_CHALLENGED_SEATS: u8 = 4;
/// Basis points in a whole.
pub const BPS: u64 = 10_000;
/// Maximum protocol fee, in basis points of the payments to providers.
pub const MAX_FEE_BPS: u16 = 1_000;
/// Number of buckets for fees and points. A settlement writes only the bucket that the job's
/// address selects, so that settlements of different jobs need not write the same account.
pub const BUCKETS: u8 = 8;
/// Maximum number of shards that a network can allow in a job.
pub const MAX_SHARDS: u32 = 1_024;
/// Longest commit, reveal or challenge window that a network can allow, in seconds: one day.
pub const MAX_WINDOW_SECS: u32 = 86_400;
/// Latest deadline that a network can allow, in seconds from posting: thirty days.
pub const MAX_DEADLINE_SECS: u32 = 30 * 86_400;
/// Longest unbonding time, in seconds: ninety days.
pub const MAX_UNBONDING_SECS: u32 = 90 * 86_400;
/// Maximum stake that a seat locks, in basis points of its highest price: a thousand times the price.
pub const MAX_LOCK_BPS: u64 = 10_000_000;
/// Time that a transaction needs at worst to land on a healthy chain, in seconds. The shortest window
/// outlasts the time to decline by more than this, so that a provider that does not decline can still commit.
pub const LANDING_SECS: u32 = 2;
/// Smallest maximum number of seats of a shard whose seats can disagree: a dissenter alone voids no result.
pub const MIN_DISPUTED_SEATS: u8 = 3;
/// Time that a job leaves for the draw of an audit, in seconds: enough for the deciding blocks and for the
/// transaction that draws.
pub const DRAW_SECS: u32 = 60;
/// Attempt from which no seat of a shard is freed, so that attempts are left for rounds, a draw and a
/// challenge.
pub const MAX_FREED_ATTEMPTS: u8 = 200;
/// Attempt from which no further round starts: the shard ends with the results that it has.
pub const LAST_ATTEMPT: u8 = 250;
/// Maximum share of the lock that a late seat loses, in basis points. A late provider has not cheated.
pub const MAX_LATE_BPS: u16 = 2_500;
/// Maximum number of slots over which the draw of an audit is spread. The chain keeps the hashes of 512.
pub const MAX_DRAW_SLOTS: u8 = 64;
/// Shortest epoch that a network can have, in seconds: one minute.
pub const MIN_EPOCH_SECS: u32 = 60;
/// Longest epoch that a network can have, in seconds: ninety days.
pub const MAX_EPOCH_SECS: u32 = 90 * 86_400;
/// Maximum number of epochs with unbanked points that a provider keeps.
pub const MAX_PROVIDER_EPOCHS: usize = 8;
/// Maximum number of epochs with points that a bucket keeps until they are closed.
pub const MAX_BUCKET_EPOCHS: usize = 16;
/// Layout version written into every account.
pub const ACCOUNT_VERSION: u8 = 1;

/// Seeds of all addresses that the program derives.
pub mod seeds {
    /// The [`crate::state::Network`].
    pub const NETWORK: &[u8] = b"network";
    /// A [`crate::state::Bucket`]: `[BUCKET, index]`.
    pub const BUCKET: &[u8] = b"bucket";
    /// A treasury vault: `[TREASURY, mint, bucket index]`.
    pub const TREASURY: &[u8] = b"treasury";
    /// The [`crate::state::Rewards`].
    pub const REWARDS: &[u8] = b"rewards";
    /// The rewards vault.
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
