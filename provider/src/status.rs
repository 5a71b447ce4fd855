//! What an agent is doing, as its owner can watch it.

use tokio::sync::watch;

/// What an agent is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentStatus {
    /// Whether at least one orchestrator has admitted the agent.
    pub connected: bool,
    /// Number of orchestrators that have admitted the agent.
    pub orchestrators: u32,
    /// Number of shards that are running.
    pub running: u32,
    /// Number of shards computed since the agent was started.
    pub computed: u64,
    /// The last event, in words.
    pub last_event: String,
}

/// Publishes the status.
pub(crate) struct StatusReporter(watch::Sender<AgentStatus>);

/// Counts a running shard until it is dropped.
pub(crate) struct RunningShard<'a>(&'a StatusReporter);

impl StatusReporter {
    pub(crate) fn new() -> (Self, watch::Receiver<AgentStatus>) {
        let (sender, receiver) = watch::channel(AgentStatus::default());
        (Self(sender), receiver)
    }

    pub(crate) fn set_connected(&self, connected: bool) {
        self.0.send_modify(|status| {
            if connected {
                status.orchestrators += 1;
            } else {
                status.orchestrators -= 1;
            }
            status.connected = status.orchestrators > 0;
        });
    }

    pub(crate) fn count_running(&self) -> RunningShard<'_> {
        self.0.send_modify(|status| status.running += 1);
        RunningShard(self)
    }

    pub(crate) fn count_computed(&self) {
        self.0.send_modify(|status| status.computed += 1);
    }

    pub(crate) fn event(&self, event: String) {
        self.0.send_modify(|status| status.last_event = event);
    }
}

impl Drop for RunningShard<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|status| status.running -= 1);
    }
}
