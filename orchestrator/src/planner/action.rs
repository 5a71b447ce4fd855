//! The planner's output: chain actions, messages to agents and writes to the store.

use crate::submissions::model::{SeatKey, SettledResult};
use millrace_client::Pubkey;
use millrace_client::instructions::SignedCommitment;
use millrace_client::program::RevealEntry;
use millrace_protocol::agent::Task;
use millrace_protocol::selection::SelectionRecord;
use std::fmt;

/// What is due now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// Most urgent first; no more than the snapshot had room for.
    pub chain: Vec<ChainAction>,
    pub messages: Vec<AgentMessage>,
    pub writes: Vec<StoreWrite>,
}

impl Plan {
    /// Number of actions of all kinds.
    pub(crate) fn len(&self) -> usize {
        self.chain.len() + self.messages.len() + self.writes.len()
    }
}

/// An action that takes a transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ChainAction {
    /// Assigns free seats of a shard to providers.
    Assign {
        job: Pubkey,
        shard: u32,
        providers: Vec<Pubkey>,
        /// How the providers were selected.
        selection: SelectionRecord,
    },
    /// Records commitments of a shard's seats.
    Commit {
        job: Pubkey,
        shard: u32,
        commitments: Vec<SignedCommitment>,
    },
    /// Records revealed results of a shard's seats.
    Reveal {
        job: Pubkey,
        shard: u32,
        entries: Vec<RevealEntry>,
        /// Settle the shard in the same transaction.
        settle: bool,
    },
    Settle {
        job: Pubkey,
        shard: u32,
    },
    /// Frees the seat of a provider that did not commit in time.
    ExpireSeat {
        job: Pubkey,
        shard: u32,
        seat: u8,
        provider: Pubkey,
    },
    /// Takes the seed that sortition needs from the chain.
    SeedJob {
        job: Pubkey,
    },
    /// Draws whether a commitment is audited.
    DrawAudit {
        job: Pubkey,
        shard: u32,
    },
    /// Ends a job whose deadline has passed.
    ExpireJob {
        job: Pubkey,
    },
    /// Closes shard accounts and, with the last of them, the job's.
    CloseJob {
        job: Pubkey,
        client: Pubkey,
        /// Shard accounts, each with the key that paid its rent.
        shards: Vec<(Pubkey, Pubkey)>,
    },
}

/// What a chain action changes. Two actions with the same key must not be in flight together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConflictKey {
    /// The seats of one shard.
    Shard(Pubkey, u32),
    /// A job as a whole.
    Job(Pubkey),
}

impl ConflictKey {
    pub(crate) fn job(&self) -> Pubkey {
        match self {
            Self::Shard(job, _) | Self::Job(job) => *job,
        }
    }

    pub(crate) fn shard(&self) -> Option<u32> {
        match self {
            Self::Shard(_, shard) => Some(*shard),
            Self::Job(_) => None,
        }
    }
}

impl ChainAction {
    pub(crate) fn key(&self) -> ConflictKey {
        match self {
            Self::Assign { job, shard, .. }
            | Self::Commit { job, shard, .. }
            | Self::Reveal { job, shard, .. }
            | Self::Settle { job, shard }
            | Self::DrawAudit { job, shard }
            | Self::ExpireSeat { job, shard, .. } => ConflictKey::Shard(*job, *shard),
            Self::SeedJob { job } | Self::ExpireJob { job } | Self::CloseJob { job, .. } => {
                ConflictKey::Job(*job)
            }
        }
    }

    /// The name of the failpoints around the action's transaction.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::SeedJob { .. } => "seed",
            Self::Assign { .. } => "assign",
            Self::Commit { .. } => "commit",
            Self::DrawAudit { .. } => "draw",
            Self::Reveal { .. } => "reveal",
            Self::Settle { .. } => "settle",
            Self::ExpireSeat { .. } => "expire_seat",
            Self::ExpireJob { .. } => "expire_job",
            Self::CloseJob { .. } => "close",
        }
    }
}

/// In a few words, for logs and the journal.
impl fmt::Display for ChainAction {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Assign { job, shard, .. } => write!(f, "assign {job} {shard}"),
            Self::Commit { job, shard, .. } => write!(f, "commit {job} {shard}"),
            Self::Reveal { job, shard, .. } => write!(f, "reveal {job} {shard}"),
            Self::Settle { job, shard } => write!(f, "settle {job} {shard}"),
            Self::ExpireSeat {
                job, shard, seat, ..
            } => write!(f, "expire seat {job} {shard} {seat}"),
            Self::SeedJob { job } => write!(f, "seed {job}"),
            Self::DrawAudit { job, shard } => write!(f, "draw {job} {shard}"),
            Self::ExpireJob { job } => write!(f, "expire {job}"),
            Self::CloseJob { job, .. } => write!(f, "close {job}"),
        }
    }
}

/// A message to an agent. Agents ignore repeated messages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AgentMessage {
    /// Run a shard.
    Run { provider: Pubkey, task: Task },
    /// Reveal the result of a seat.
    Reveal { seat: SeatKey },
}

/// A write to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreWrite {
    /// Persists the result of a settled shard, before its submissions are removed.
    Result {
        job: Pubkey,
        shard: u32,
        result: SettledResult,
    },
    /// Releases the agent from a seat that has ended and removes its submission.
    Release {
        seat: SeatKey,
        /// How the seat ended, for the agent.
        ending: String,
    },
}
