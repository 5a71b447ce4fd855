//! Sizes of the collections that the orchestrator holds. Under a constant load none of them may grow.

use crate::agents::Agents;
use crate::error::OrchestratorError;
use crate::executor::Executor;
use crate::store::Store;
use crate::submissions::cache::SubmissionStore;
use millrace_client::cache::subscription::Feed;
use serde::Serialize;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DebugStats {
    /// Live tasks of the runtime.
    pub tasks: usize,
    pub agents: usize,
    /// Accounts of jobs on chain.
    pub jobs: usize,
    /// Actions that are in flight or wait for a retry.
    pub actions: usize,
    /// Submissions of agents.
    pub submitted: usize,
    /// Shards at which an agent failed.
    pub failed: usize,
    /// Results of settled shards.
    pub outcomes: usize,
    /// Manifests whose blobs have all arrived.
    pub ready: usize,
    /// Transactions in the journal.
    pub journal: usize,
}

/// The parts that are counted. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DebugStatsSource {
    pub store: Arc<Store>,
    pub feed: Feed,
    pub submissions: SubmissionStore,
    pub agents: Agents,
    pub executor: Executor,
}

impl DebugStatsSource {
    pub(crate) async fn collect(&self) -> Result<DebugStats, OrchestratorError> {
        let journal = self.store.journal_length().await?;
        let actions = self.executor.counts();
        let jobs = self.feed.cache().read().await.jobs().len();
        let submissions = self.submissions.read();
        Ok(DebugStats {
            tasks: tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks(),
            agents: self.agents.views().len(),
            jobs,
            actions: actions.in_flight + actions.waiting_for_retry,
            submitted: submissions.by_seat.len(),
            failed: submissions.failures.len(),
            outcomes: submissions.settled.len(),
            ready: submissions.ready_manifests.len(),
            journal,
        })
    }
}
