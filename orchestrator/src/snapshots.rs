//! Assembles planner snapshots from the running parts.

use crate::agents::Agents;
use crate::executor::Executor;
use crate::jobs::closable::ClosableJobs;
use crate::leases::set::LeaseSet;
use crate::planner::Snapshot;
use crate::submissions::cache::SubmissionStore;
use millrace_client::Pubkey;
use millrace_client::cache::finalized::FinalizedCache;
use millrace_client::cache::subscription::Feed;

/// Everything that a [`Snapshot`] is assembled from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SnapshotSource {
    /// This orchestrator's key.
    pub orchestrator: Pubkey,
    pub feed: Feed,
    pub finalized: FinalizedCache,
    pub executor: Executor,
    pub agents: Agents,
    pub submissions: SubmissionStore,
    pub leases: LeaseSet,
    pub closable: ClosableJobs,
}

impl SnapshotSource {
    /// Calls `read` with the current snapshot. `None` until the cluster's clock has been read.
    pub(crate) async fn with<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> Option<T> {
        let now = self.feed.now()?;
        let finalized = self.finalized.cache().read().await;
        let cache = self.feed.cache().read().await;
        let busy = self.executor.busy();
        let agents = self.agents.views();
        let closable = self.closable.update(cache.jobs());
        let owned = self.leases.owned();
        let submissions = self.submissions.read();
        Some(read(&Snapshot {
            cache: &cache,
            finalized: &finalized,
            orchestrator: self.orchestrator,
            now,
            slot: cache.slot().max(self.feed.slot()),
            agents: &agents,
            submissions: &submissions,
            busy: &busy.keys,
            reserved: &busy.reserved,
            closable: &closable,
            room: self.executor.room(),
            owned: &owned,
        }))
    }
}
