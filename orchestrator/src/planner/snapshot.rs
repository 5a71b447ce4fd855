//! The planner's input: the chain, the agents and the work in flight at one moment.

use super::action::ConflictKey;
use crate::leases::partition::OwnedPartitions;
use crate::submissions::model::Submissions;
use millrace_client::Pubkey;
use millrace_client::cache::accounts::AccountCache;
use std::collections::{HashMap, HashSet};

/// A connected agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AgentView {
    /// Shards that the agent runs concurrently.
    pub capacity: u32,
    /// The agent accepts no new work.
    pub draining: bool,
}

/// Everything that a plan depends on.
pub(crate) struct Snapshot<'a> {
    /// Accounts as of confirmed blocks.
    pub cache: &'a AccountCache,
    /// Accounts as of finalized blocks; holds only those that
    /// [`accounts_needing_finality`](super::accounts_needing_finality) returned.
    pub finalized: &'a AccountCache,
    /// This orchestrator's key.
    pub orchestrator: Pubkey,
    /// The cluster's clock, unix seconds.
    pub now: i64,
    /// The newest slot seen.
    pub slot: u64,
    /// Connected agents by provider.
    pub agents: &'a HashMap<Pubkey, AgentView>,
    pub submissions: &'a Submissions,
    /// Chain actions that are in flight or waiting for a retry.
    pub busy: &'a HashSet<ConflictKey>,
    /// Providers named by assignments in flight, once per seat.
    pub reserved: &'a [Pubkey],
    /// Finished jobs whose accounts may be closed.
    pub closable: &'a HashSet<Pubkey>,
    /// How many more chain actions may start; those in flight are already subtracted.
    pub room: usize,
    /// Partitions whose jobs this orchestrator may act on.
    pub owned: &'a OwnedPartitions,
}

impl Snapshot<'_> {
    /// Whether this orchestrator acts on the submissions of a job.
    pub(crate) fn owns_submissions_of(&self, job: &Pubkey) -> bool {
        match self.submissions.partitions.get(job) {
            Some(partition) => self.owned.contains(partition),
            None => *self.owned == OwnedPartitions::All,
        }
    }
}
