use serde::{Deserialize, Serialize};

/// A problem of an orchestrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProblemView {
    /// As in the headings of the runbook, with `_` for spaces.
    pub name: String,
    /// Description with figures.
    pub message: String,
    /// What to do about it.
    #[serde(rename = "do")]
    pub remedy: String,
}

/// Health of an orchestrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthView {
    /// `ok` or `degraded`.
    pub status: String,
    /// Empty if `status` is `ok`.
    pub problems: Vec<ProblemView>,
    /// Id of the network, hex.
    pub network_id: String,
    /// Newest slot that the orchestrator has seen.
    pub slot: u64,
    /// Number of connected agents.
    pub agents: u64,
    /// Number of jobs that wait for providers.
    pub waiting_jobs: u64,
    /// Balance of the orchestrator's key, lamports.
    pub payer_lamports: u64,
}
