//! How much of everything there is in the process: what must not grow while the same work goes on.

use serde::Serialize;

/// Sizes of what the orchestrator holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Vitals {
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
