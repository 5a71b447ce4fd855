//! References to shards.

use crate::pda;
use millrace_program::state::Job;
use solana_sdk::pubkey::Pubkey;

/// A shard, and where it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardRef {
    /// The job's account.
    pub job: Pubkey,
    /// Index of the shard in the job.
    pub index: u32,
    /// Whether the job's account contains the shard, because it is the only one.
    pub embedded: bool,
}

impl ShardRef {
    /// A shard of the job at address `job`, whose account is `account`.
    pub fn of(job: Pubkey, account: &Job, index: u32) -> Self {
        Self {
            job,
            index,
            embedded: account.shards == 1,
        }
    }

    /// The shard's own account; `None` if the job's account contains the shard.
    pub fn account(&self) -> Option<Pubkey> {
        (!self.embedded).then(|| pda::shard(&self.job, self.index))
    }
}
