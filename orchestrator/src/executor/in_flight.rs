//! An action in flight, and what can be said of it.

use crate::planner::ConflictKey;

use crate::planner::Action;
use millrace_client::program::state::Shard;
use millrace_client::{Pubkey, pda};

/// An action in flight.
pub(super) struct InFlight {
    pub(super) key: ConflictKey,
    pub(super) action: Action,
    /// The shard as it was.
    pub(super) before: Option<Shard>,
    /// How often it has failed.
    pub(super) failures: u32,
}

impl InFlight {
    /// What it is called where it may end the process.
    pub(super) fn kind(&self) -> &'static str {
        match &self.action {
            Action::SeedJob { .. } => "seed",
            Action::Assign { .. } => "assign",
            Action::Commit { .. } => "commit",
            Action::DrawAudit { .. } => "draw",
            Action::Reveal { .. } => "reveal",
            Action::Settle { .. } => "settle",
            Action::ExpireSeat { .. } => "expire_seat",
            Action::ExpireJob { .. } => "expire_job",
            Action::CloseJob { .. } => "close",
            Action::Run { .. }
            | Action::AskReveal { .. }
            | Action::Release { .. }
            | Action::File { .. } => "none",
        }
    }

    /// The job, and the shard where it is about one.
    pub(super) fn place(&self) -> (Pubkey, Option<u32>) {
        match self.key {
            ConflictKey::Shard(job, shard) => (job, Some(shard)),
            ConflictKey::Job(job) => (job, None),
        }
    }

    /// Accounts that it changes.
    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let mut keys = match self.key {
            ConflictKey::Shard(job, index) => vec![job, pda::shard(&job, index)],
            ConflictKey::Job(job) => vec![job],
        };
        match &self.action {
            Action::Assign { providers, .. } => keys.extend(providers),
            Action::CloseJob { shards, .. } => keys.extend(shards.iter().map(|(shard, _)| shard)),
            _ => {}
        }
        let seats = self.before.iter().flat_map(|shard| &shard.seats);
        let live = seats.filter(|seat| seat.is_live());
        keys.extend(live.map(|seat| seat.provider));
        keys
    }
}
