//! What becomes of the seats that an agent is given: run, committed to, revealed, released.
//!
//! Nothing here depends on a connection: work goes on through a cut, and what is to be said waits
//! in the outbox or is said again by [`Tasks::committed`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use millrace_protocol::agent::{FromAgent, ShardResult, Task};
use millrace_protocol::hash::Digest;
use millrace_runtime::RunError;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::Blobs;
use crate::error::TaskError;
use crate::execute::{Executor, claim, gather};
use crate::fault::Behaviour;
use crate::outbox::Outbox;
use crate::results::{SeatId, Store};
use crate::signer::{Identity, revealed};
use crate::status::Status;

/// Time that fetching or uploading gets at least. Deadlines are in the chain's time, which may run
/// ahead or behind of this machine's clock; the orchestrator knows whether there is any sense in it.
const LEAST_TIME: Duration = Duration::from_secs(10);
/// Time that fetching or uploading gets at most: a day.
const MOST_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the end of all runs is waited for.
const FAREWELL: Duration = Duration::from_secs(5);
/// Longest reason of a failure, in characters.
const MAX_REASON: usize = 500;

/// What is being done for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Work {
    Run,
    /// For the orchestrator that asked.
    Reveal(usize),
}

/// What an agent works with.
pub(crate) struct Kit {
    pub(crate) store: Store,
    pub(crate) blobs: Blobs,
    pub(crate) executor: Executor,
    pub(crate) identity: Identity,
    pub(crate) behaviour: Behaviour,
    /// Takes what is to be said, whether there is a connection or not.
    pub(crate) outbox: Outbox,
    pub(crate) status: watch::Sender<Status>,
    /// Ends everything.
    pub(crate) stop: CancellationToken,
}

/// The seats of an agent.
pub(crate) struct Tasks {
    kit: Kit,
    /// As many as shards may run at the same time.
    permits: Semaphore,
    /// What is being done, each with what ends it.
    under_way: Mutex<HashMap<(SeatId, Work), CancellationToken>>,
    workers: TaskTracker,
}

/// Ends the run that it belongs to when it is dropped.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Counts a run in the status while it lives.
struct Counted<'a>(&'a watch::Sender<Status>);

impl<'a> Counted<'a> {
    fn new(status: &'a watch::Sender<Status>) -> Self {
        status.send_modify(|status| status.running += 1);
        Self(status)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|status| status.running -= 1);
    }
}

impl Tasks {
    pub(crate) fn new(kit: Kit, capacity: u32) -> Arc<Self> {
        let permits = usize::try_from(capacity).unwrap_or(usize::MAX);
        Arc::new(Self {
            kit,
            permits: Semaphore::new(permits.min(Semaphore::MAX_PERMITS)),
            under_way: Mutex::default(),
            workers: TaskTracker::new(),
        })
    }

    /// Runs a task, unless that is being done or has been done: then its commitment is said again to
    /// whoever asks.
    pub(crate) fn run(self: &Arc<Self>, task: Task, network: &Digest, from: usize) {
        let id = SeatId::of(&task);
        if task.network_id != *network {
            let failed = self.failed(&id, &TaskError::OtherNetwork);
            self.kit.outbox.tell(from, failed);
        } else if let Some((task, result)) = self.kit.store.result(&id, network) {
            let committed = self.kit.identity.committed(&task, &result);
            self.kit.outbox.tell(from, committed);
        } else if let Some(ended) = self.claim(id, Work::Run) {
            let tasks = Arc::clone(self);
            self.workers.spawn(async move {
                tokio::select! {
                    biased;
                    () = ended.cancelled() => {}
                    filled = tasks.fill(&task) => tasks.filled(&task, filled, &ended),
                }
            });
        }
    }

    /// Uploads the output of a seat to the orchestrator that asks, and shows it what was committed to.
    pub(crate) fn reveal(self: &Arc<Self>, id: SeatId, network: &Digest, from: usize) {
        let Some((task, result)) = self.kit.store.result(&id, network) else {
            if !self.under_way().contains_key(&(id, Work::Run)) {
                let failed = self.failed(&id, &TaskError::Unknown);
                self.kit.outbox.tell(from, failed);
            }
            return;
        };
        let Some(ended) = self.claim(id, Work::Reveal(from)) else {
            return;
        };
        let tasks = Arc::clone(self);
        self.workers.spawn(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                shown = tasks.show(&task, &result, from) =>
                    tasks.shown((&task, &result), shown, &ended, from),
            }
        });
    }

    /// Ends whatever is being done for a seat, and forgets it.
    pub(crate) async fn release(self: &Arc<Self>, id: SeatId, outcome: &str) {
        self.under_way().retain(|(seat, _), ended| {
            let stays = *seat != id;
            if !stays {
                ended.cancel();
            }
            stays
        });
        self.note(format!(
            "shard {} of {} is over: {outcome}",
            id.shard, id.job
        ));
        let tasks = Arc::clone(self);
        let forget = move || tasks.kit.store.forget(&id);
        if let Err(error) = blocking(self.workers.spawn_blocking(forget).await) {
            tracing::warn!("a released result is not removed: {error}");
        }
    }

    /// The commitments to everything that is finished and not released.
    pub(crate) fn committed(&self, network: &Digest) -> Vec<FromAgent> {
        let finished = self.kit.store.finished(network);
        let committed = finished
            .iter()
            .map(|(task, result)| self.kit.identity.committed(task, result));
        committed.collect()
    }

    /// Waits for the ends of all runs, after everything was told to stop.
    pub(crate) async fn finish(&self) {
        self.workers.close();
        if timeout(FAREWELL, self.workers.wait()).await.is_err() {
            tracing::warn!("a run did not end in time and is left behind");
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.kit.identity
    }

    /// Notes that an orchestrator has let the agent in, or that the connection has ended.
    pub(crate) fn connected(&self, orchestrator: usize, connected: bool) {
        self.kit.blobs.set_live(orchestrator, connected);
        self.kit.status.send_modify(|status| {
            match connected {
                true => status.orchestrators += 1,
                false => status.orchestrators -= 1,
            }
            status.connected = status.orchestrators > 0;
        });
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.kit.stop
    }

    /// Computes and stores the result of a task.
    async fn fill(self: &Arc<Self>, task: &Task) -> Result<ShardResult, TaskError> {
        let (tasks, begun) = (Arc::clone(self), task.clone());
        let begin = move || tasks.kit.store.begin(&begun);
        blocking(self.workers.spawn_blocking(begin).await)?;
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|error| TaskError::Broken(error.to_string()))?;
        let _counted = Counted::new(&self.kit.status);
        self.note(format!("running shard {} of {}", task.shard, task.job));
        if self.kit.behaviour == Behaviour::Silent {
            // Holds the seat until it is released.
            std::future::pending::<()>().await;
        }
        let materials = gather(&self.kit.blobs, task, time_left(task.commit_by)).await?;
        let cancel = Arc::new(AtomicBool::new(false));
        let _cancel = CancelOnDrop(Arc::clone(&cancel));
        let (tasks, task) = (Arc::clone(self), task.clone());
        let run = move || -> Result<ShardResult, TaskError> {
            let kit = &tasks.kit;
            let outcome = kit
                .executor
                .run((&task.job, task.shard), &materials, &cancel)?;
            let (result, output) = claim(outcome, kit.behaviour, rand::random());
            // Between the end of the run and here the seat may have been released.
            if cancel.load(Ordering::Relaxed)
                || !kit.store.finish(&SeatId::of(&task), &result, &output)?
            {
                return Err(RunError::Cancelled.into());
            }
            Ok(result)
        };
        blocking(self.workers.spawn_blocking(run).await)
    }

    fn filled(
        &self,
        task: &Task,
        filled: Result<ShardResult, TaskError>,
        ended: &CancellationToken,
    ) {
        let id = SeatId::of(task);
        // First of all: an answer may bring the same task again.
        if !self.done(id, Work::Run, ended) {
            return;
        }
        match filled {
            Ok(result) => {
                self.kit.status.send_modify(|status| status.done += 1);
                let how = match result.reason.as_str() {
                    "" => "ok",
                    reason => reason,
                };
                self.note(format!("computed shard {} of {}: {how}", id.shard, id.job));
                let committed = self.kit.identity.committed(task, &result);
                self.kit.outbox.say(committed);
            }
            Err(error) => {
                if let Err(error) = self.kit.store.forget(&id) {
                    tracing::warn!("a task without result is not removed: {error}");
                }
                let failed = self.failed(&id, &error);
                self.kit.outbox.say(failed);
            }
        }
    }

    /// Brings the output of a seat to an orchestrator.
    async fn show(
        self: &Arc<Self>,
        task: &Task,
        result: &ShardResult,
        to: usize,
    ) -> Result<(), TaskError> {
        let (tasks, id, expected) = (Arc::clone(self), SeatId::of(task), result.clone());
        let read = move || tasks.kit.store.output(&id, &expected);
        let output = blocking(self.workers.spawn_blocking(read).await)?;
        let until = time_left(task.reveal_by);
        let blobs = &self.kit.blobs;
        blobs.put(to, &result.output, &output, until).await?;
        Ok(())
    }

    fn shown(
        &self,
        (task, result): (&Task, &ShardResult),
        shown: Result<(), TaskError>,
        ended: &CancellationToken,
        to: usize,
    ) {
        let id = SeatId::of(task);
        if !self.done(id, Work::Reveal(to), ended) {
            return;
        }
        match shown {
            Ok(()) => {
                self.note(format!("revealed shard {} of {}", id.shard, id.job));
                self.kit.outbox.tell(to, revealed(task, result));
            }
            Err(error) => {
                let failed = self.failed(&id, &error);
                self.kit.outbox.tell(to, failed);
            }
        }
    }

    /// Takes up a work, unless it is under way; gives what ends it.
    fn claim(&self, id: SeatId, work: Work) -> Option<CancellationToken> {
        use std::collections::hash_map::Entry;
        match self.under_way().entry((id, work)) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => Some(vacant.insert(self.kit.stop.child_token()).clone()),
        }
    }

    /// Lays down a work. False if it was ended from outside: then nothing more is to be said.
    fn done(&self, id: SeatId, work: Work, ended: &CancellationToken) -> bool {
        let mut under_way = self.under_way();
        let goes_on = !ended.is_cancelled();
        if goes_on {
            under_way.remove(&(id, work));
        }
        goes_on
    }

    /// Logs a failure, and gives it as it is said.
    fn failed(&self, id: &SeatId, error: &TaskError) -> FromAgent {
        let reason: String = error.to_string().chars().take(MAX_REASON).collect();
        self.warn(format!("shard {} of {} failed: {reason}", id.shard, id.job));
        FromAgent::Failed {
            job: id.job,
            shard: id.shard,
            attempt: id.attempt,
            reason,
            retry: error.retry(),
        }
    }

    /// Logs an event and shows it as the last one.
    pub(crate) fn note(&self, event: String) {
        tracing::info!("{event}");
        self.remember(event);
    }

    /// The same for an event that somebody may have to do something about.
    pub(crate) fn warn(&self, event: String) {
        tracing::warn!("{event}");
        self.remember(event);
    }

    pub(crate) fn remember(&self, event: String) {
        self.kit.status.send_modify(|status| status.last = event);
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<(SeatId, Work), CancellationToken>> {
        // No holder leaves the map half-changed, so a panic of one says nothing about it.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of a blocking call; a panic in it becomes an error.
fn blocking<T, E: Into<TaskError>>(
    result: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, TaskError> {
    match result {
        Ok(result) => result.map_err(Into::into),
        Err(error) => Err(TaskError::Broken(error.to_string())),
    }
}

/// The instant of a deadline in Unix time, but never earlier than [`LEAST_TIME`] from now.
fn time_left(deadline: i64) -> Instant {
    let left = deadline.saturating_sub(unix_now());
    let left = u64::try_from(left).map_or(Duration::ZERO, Duration::from_secs);
    Instant::now() + left.clamp(LEAST_TIME, MOST_TIME)
}

/// Unix time in seconds by this machine's clock.
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
