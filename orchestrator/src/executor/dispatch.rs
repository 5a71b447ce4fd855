//! What is done without a transaction: agents are told, and what ended is written to the store.

use super::Executor;
use crate::observability::metrics::Dispatches;
use crate::planner::Action;
use crate::submissions::model::SeatKey;
use millrace_client::Pubkey;
use millrace_client::cache::accounts::AccountCache;
use millrace_protocol::agent::{Task, ToAgent};
use std::collections::HashSet;
use std::sync::MutexGuard;
use std::time::Instant;
use tracing::{info, warn};

/// What a write is about: two of the same are never under way together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum WriteKey {
    /// A seat that is over.
    Seat(SeatKey),
    /// The result of a shard.
    Result(Pubkey, u32),
}

impl WriteKey {
    /// What an action writes; `None` where it writes nothing.
    pub(super) fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Release { seat, .. } => Some(Self::Seat(*seat)),
            Action::File { job, shard, .. } => Some(Self::Result(*job, *shard)),
            _ => None,
        }
    }
}

/// The seats that a plan wants told, each with the time since which its shard has been known as it is.
pub fn dispatches_of(actions: &[Action], cache: &AccountCache) -> Vec<(SeatKey, Instant)> {
    let wanted = actions.iter().filter_map(|action| match action {
        Action::Run { provider, task } => {
            let seat = seat_of(provider, task);
            Some((seat, cache.shard_unchanged_since(&seat.job, seat.shard)?))
        }
        _ => None,
    });
    wanted.collect()
}

fn seat_of(provider: &Pubkey, task: &Task) -> SeatKey {
    SeatKey::of(task.job, task.shard, task.attempt, *provider)
}

impl Executor {
    pub(super) fn records(&self) -> MutexGuard<'_, HashSet<WriteKey>> {
        // A poisoned lock still holds whole records: each change is a single insert or remove.
        self.records
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn dispatches(&self) -> MutexGuard<'_, Dispatches> {
        // A poisoned lock still holds whole seats: each change is a single insert or remove.
        self.dispatches
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Notes which seats wait for their task and since when, as a plan has it that looked at the chain at
    /// `looked`.
    pub fn expect_dispatches(&self, wanted: Vec<(SeatKey, Instant)>, looked: Instant) {
        self.dispatches().planned(wanted, looked);
    }

    /// Tells an agent what the action is about.
    pub(super) fn send_to_agent(&self, action: Action) {
        match action {
            Action::Run { provider, task } => {
                let seat = seat_of(&provider, &task);
                let (job, shard, since) = (seat.job, seat.shard, self.dispatches().since(&seat));
                let run = ToAgent::Run { task };
                if self.agents.send_since(&provider, run, since) {
                    self.dispatches().told(&seat);
                    info!(%provider, %job, shard, "task dispatched");
                }
            }
            Action::AskReveal { seat } => {
                let (shard, attempt) = (seat.shard, seat.attempt);
                let reveal = ToAgent::Reveal {
                    job: seat.job.to_bytes().into(),
                    shard,
                    attempt,
                };
                self.agents.send(&seat.provider, reveal);
            }
            _ => {}
        }
    }

    /// Writes to the store what the record is about. Nobody plans it anew before that has ended.
    pub(super) async fn persist(&self, record: WriteKey, action: Action) {
        match action {
            Action::Release { seat, outcome } => {
                let (shard, attempt) = (seat.shard, seat.attempt);
                let release = ToAgent::Release {
                    job: seat.job.to_bytes().into(),
                    shard,
                    attempt,
                    outcome,
                };
                self.agents.send(&seat.provider, release);
                if let Err(error) = self.submissions.remove_seat(&seat).await {
                    let (job, provider) = (seat.job, seat.provider);
                    warn!(%error, %job, shard, %provider, "a finished seat could not be dropped");
                }
            }
            Action::File {
                job,
                shard,
                outcome,
            } => {
                if let Err(error) = self.submissions.record_settled(job, shard, outcome).await {
                    warn!(%error, %job, shard, "a result could not be filed");
                }
            }
            _ => {}
        }
        self.records().remove(&record);
    }
}
