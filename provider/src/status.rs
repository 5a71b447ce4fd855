//! The status of an agent, for its owner.

/// What an agent is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether an orchestrator has let it in.
    pub connected: bool,
    /// How many orchestrators have.
    pub orchestrators: u32,
    /// Shards that are running.
    pub running: u32,
    /// Shards that were computed since the agent was started.
    pub done: u64,
    /// The last event, for people.
    pub last: String,
}
