//! Carries out what takes no transaction: messages to agents and writes to the store.

use crate::agents::Agents;
use crate::observability::metrics::Dispatches;
use crate::planner::{AgentMessage, StoreWrite};
use crate::submissions::cache::SubmissionStore;
use crate::submissions::model::SeatKey;
use millrace_client::Pubkey;
use millrace_client::cache::accounts::AccountCache;
use millrace_protocol::agent::{Task, ToAgent};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tracing::{info, warn};

/// What a write changes. Two writes with the same key are never in flight together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum WriteKey {
    Seat(SeatKey),
    Result(Pubkey, u32),
}

impl WriteKey {
    fn of(write: &StoreWrite) -> Self {
        match write {
            StoreWrite::Release { seat, .. } => Self::Seat(*seat),
            StoreWrite::Result { job, shard, .. } => Self::Result(*job, *shard),
        }
    }
}

/// Seats that a plan sends tasks to, each with the time since which its shard has been known as it is.
pub(crate) fn pending_dispatches(
    messages: &[AgentMessage],
    cache: &AccountCache,
) -> Vec<(SeatKey, Instant)> {
    let pending = messages.iter().filter_map(|message| match message {
        AgentMessage::Run { provider, task } => {
            let seat = seat_of(provider, task);
            let since = cache.shard_unchanged_since(&seat.job, seat.shard)?;
            Some((seat, since))
        }
        AgentMessage::Reveal { .. } => None,
    });
    pending.collect()
}

fn seat_of(provider: &Pubkey, task: &Task) -> SeatKey {
    SeatKey::of(task.job, task.shard, task.attempt, *provider)
}

/// Sends messages to agents and writes to the store. Clones share their state.
#[derive(Clone)]
pub(super) struct Dispatcher {
    agents: Agents,
    submissions: SubmissionStore,
    dispatches: Arc<Mutex<Dispatches>>,
    /// Writes in flight.
    writes: Arc<Mutex<HashSet<WriteKey>>>,
}

impl Dispatcher {
    pub(super) fn new(agents: Agents, submissions: SubmissionStore) -> Self {
        Self {
            agents,
            submissions,
            dispatches: Arc::default(),
            writes: Arc::default(),
        }
    }

    /// Records which seats wait for their task, and since when, according to a plan made at `planned_at`.
    pub(super) fn expect(&self, pending: Vec<(SeatKey, Instant)>, planned_at: Instant) {
        self.dispatches.lock().planned(pending, planned_at);
    }

    pub(super) fn send_to_agent(&self, message: AgentMessage) {
        match message {
            AgentMessage::Run { provider, task } => {
                let seat = seat_of(&provider, &task);
                let (job, shard) = (seat.job, seat.shard);
                let since = self.dispatches.lock().since(&seat);
                let run = ToAgent::Run { task };
                if self.agents.send_since(&provider, run, since) {
                    self.dispatches.lock().told(&seat);
                    info!(%provider, %job, shard, "task dispatched");
                }
            }
            AgentMessage::Reveal { seat } => {
                let reveal = ToAgent::Reveal {
                    job: seat.job.to_bytes().into(),
                    shard: seat.shard,
                    attempt: seat.attempt,
                };
                self.agents.send(&seat.provider, reveal);
            }
        }
    }

    /// Whether the write may start: false if the same one is in flight. [`Dispatcher::persist`] ends it.
    pub(super) fn start_write(&self, write: &StoreWrite) -> bool {
        self.writes.lock().insert(WriteKey::of(write))
    }

    pub(super) async fn persist(&self, write: StoreWrite) {
        let key = WriteKey::of(&write);
        match write {
            StoreWrite::Release { seat, ending } => self.release(&seat, ending).await,
            StoreWrite::Result { job, shard, result } => {
                let recorded = self.submissions.record_settled(job, shard, result).await;
                if let Err(error) = recorded {
                    warn!(%error, %job, shard, "failed to persist the result of a shard");
                }
            }
        }
        self.writes.lock().remove(&key);
    }

    async fn release(&self, seat: &SeatKey, ending: String) {
        let release = ToAgent::Release {
            job: seat.job.to_bytes().into(),
            shard: seat.shard,
            attempt: seat.attempt,
            outcome: ending,
        };
        self.agents.send(&seat.provider, release);
        if let Err(error) = self.submissions.remove_seat(seat).await {
            let (job, shard, provider) = (seat.job, seat.shard, seat.provider);
            warn!(%error, %job, shard, %provider, "failed to remove the submission of an ended seat");
        }
    }
}
