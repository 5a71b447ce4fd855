//! How much of everything there is in the process: what must not grow while the same work goes on.

use crate::error::OrchestratorError;
use crate::service::Service;
use serde::Serialize;

/// Sizes of what the orchestrator holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DebugStats {
    /// Tasks of the runtime that are alive.
    pub tasks: usize,
    /// Agents that are connected.
    pub agents: usize,
    /// Accounts of jobs on chain.
    pub jobs: usize,
    /// Acts that are under way or wait for their next try.
    pub acts: usize,
    /// What agents have handed in.
    pub handed_in: usize,
    /// Shards that somebody has failed.
    pub failed: usize,
    /// Results of settled shards.
    pub outcomes: usize,
    /// Manifests whose blobs are all here.
    pub ready: usize,
    /// Transactions in the journal.
    pub journal: usize,
}

impl Service {
    /// Sizes of what it holds.
    pub async fn debug_stats(&self) -> Result<DebugStats, OrchestratorError> {
        let journal = self.store().journal_length().await?;
        let acts = self.executor().counts();
        let jobs = self.feed().cache().read().await.jobs().len();
        let submissions = self.submissions().read();
        Ok(DebugStats {
            tasks: tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks(),
            agents: self.agents().views().len(),
            jobs,
            acts: acts.in_flight + acts.waiting_for_retry,
            handed_in: submissions.by_seat.len(),
            failed: submissions.failures.len(),
            outcomes: submissions.settled.len(),
            ready: submissions.ready_manifests.len(),
            journal,
        })
    }
}
