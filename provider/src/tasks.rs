//! The work on each seat: run the task, commit to the result, reveal it, release it.
//!
//! Nothing here depends on a connection. Work continues while a connection is down; messages wait in
//! the outbox, and [`Tasks::commitments`] repeats the commitments on each new connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use millrace_protocol::agent::{FromAgent, ShardResult, Task};
use millrace_protocol::hash::Digest;
use millrace_runtime::RunError;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::blobs::BlobCache;
use crate::error::TaskError;
use crate::execute::{ShardRunner, build_result, fetch_inputs};
use crate::fault::FaultMode;
use crate::outbox::Outbox;
use crate::results::{ResultStore, SeatId};
use crate::signer::{Identity, revealed};
use crate::status::StatusReporter;

/// Minimum time for fetching or uploading. Deadlines are chain time, which may differ from this
/// machine's clock; the orchestrator decides whether a late result is still useful.
const MIN_TRANSFER_TIME: Duration = Duration::from_secs(10);
/// Maximum time for fetching or uploading: a day.
const MAX_TRANSFER_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long to wait for running tasks when the agent stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum length of the reason of a failure, in characters.
const MAX_REASON_CHARS: usize = 500;

/// A kind of work on a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Activity {
    Run,
    /// For the orchestrator with this index.
    Reveal(usize),
}

/// What an agent works with.
pub(crate) struct AgentContext {
    pub(crate) results: ResultStore,
    pub(crate) blobs: BlobCache,
    pub(crate) runner: ShardRunner,
    pub(crate) identity: Identity,
    pub(crate) fault: Option<FaultMode>,
    pub(crate) outbox: Outbox,
    pub(crate) status: StatusReporter,
    /// Cancelled when the agent stops.
    pub(crate) stop: CancellationToken,
}

/// The seats of an agent.
pub(crate) struct Tasks {
    context: AgentContext,
    /// One permit for each shard that may run at the same time.
    permits: Semaphore,
    /// Work in progress, each with the token that cancels it.
    in_flight: Mutex<HashMap<(SeatId, Activity), CancellationToken>>,
    workers: TaskTracker,
}

/// Cancels a run when it is dropped.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    pub(crate) fn new(context: AgentContext, capacity: u32) -> Arc<Self> {
        let permits = usize::try_from(capacity).unwrap_or(usize::MAX);
        Arc::new(Self {
            context,
            permits: Semaphore::new(permits.min(Semaphore::MAX_PERMITS)),
            in_flight: Mutex::default(),
            workers: TaskTracker::new(),
        })
    }

    /// Runs a task unless it is running. If it already has a result, sends the commitment again to the
    /// orchestrator `from`.
    pub(crate) fn run(self: &Arc<Self>, task: Task, network: &Digest, from: usize) {
        let id = SeatId::of(&task);
        if task.network_id != *network {
            let failed = self.failure(&id, &TaskError::OtherNetwork);
            self.context.outbox.send_to(from, failed);
        } else if let Some((task, result)) = self.context.results.result(&id, network) {
            let committed = self.context.identity.committed(&task, &result);
            self.context.outbox.send_to(from, committed);
        } else if let Some(cancelled) = self.start(id, Activity::Run) {
            let tasks = Arc::clone(self);
            self.workers.spawn(async move {
                tokio::select! {
                    biased;
                    () = cancelled.cancelled() => {}
                    result = tasks.run_task(&task) => tasks.finish_run(&task, result, &cancelled),
                }
            });
        }
    }

    /// Uploads the output of a seat to the orchestrator `from`, then reveals the result to it.
    pub(crate) fn reveal(self: &Arc<Self>, id: SeatId, network: &Digest, from: usize) {
        let Some((task, result)) = self.context.results.result(&id, network) else {
            if !self.in_flight.lock().contains_key(&(id, Activity::Run)) {
                let failed = self.failure(&id, &TaskError::NoResult);
                self.context.outbox.send_to(from, failed);
            }
            return;
        };
        let Some(cancelled) = self.start(id, Activity::Reveal(from)) else {
            return;
        };
        let tasks = Arc::clone(self);
        self.workers.spawn(async move {
            tokio::select! {
                biased;
                () = cancelled.cancelled() => {}
                uploaded = tasks.upload_output(&task, &result, from) => {
                    if tasks.end(id, Activity::Reveal(from), &cancelled) {
                        tasks.finish_reveal(&task, &result, uploaded, from);
                    }
                }
            }
        });
    }

    /// Cancels all work on a seat and removes its result.
    pub(crate) async fn release(self: &Arc<Self>, id: SeatId, outcome: &str) {
        self.in_flight.lock().retain(|(seat, _), cancelled| {
            let keep = *seat != id;
            if !keep {
                cancelled.cancel();
            }
            keep
        });
        tracing::info!(job = %id.job, shard = id.shard, outcome, "seat released");
        let event = format!("shard {} of {} released: {outcome}", id.shard, id.job);
        self.context.status.event(event);
        let tasks = Arc::clone(self);
        let remove = move || tasks.context.results.remove(&id);
        if let Err(error) = blocking(self.workers.spawn_blocking(remove).await) {
            tracing::warn!(%error, "released result not removed");
        }
    }

    /// The commitments to all results that are not released.
    pub(crate) fn commitments(&self, network: &Digest) -> Vec<FromAgent> {
        let finished = self.context.results.finished(network);
        let commitments = finished
            .iter()
            .map(|(task, result)| self.context.identity.committed(task, result));
        commitments.collect()
    }

    /// Waits for the running tasks after the agent was stopped, at most [`SHUTDOWN_TIMEOUT`].
    pub(crate) async fn wait_for_workers(&self) {
        self.workers.close();
        if timeout(SHUTDOWN_TIMEOUT, self.workers.wait())
            .await
            .is_err()
        {
            tracing::warn!("shutdown timed out with tasks running");
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.context.identity
    }

    pub(crate) fn status(&self) -> &StatusReporter {
        &self.context.status
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.context.stop
    }

    pub(crate) fn set_connected(&self, orchestrator: usize, connected: bool) {
        self.context.blobs.set_connected(orchestrator, connected);
        self.context.status.set_connected(connected);
    }

    /// Computes and stores the result of a task.
    async fn run_task(self: &Arc<Self>, task: &Task) -> Result<ShardResult, TaskError> {
        let (tasks, accepted) = (Arc::clone(self), task.clone());
        let record = move || tasks.context.results.record_task(&accepted);
        blocking(self.workers.spawn_blocking(record).await)?;
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|error| TaskError::Aborted(error.to_string()))?;
        let _running = self.context.status.count_running();
        tracing::info!(job = %task.job, shard = task.shard, "running shard");
        let event = format!("running shard {} of {}", task.shard, task.job);
        self.context.status.event(event);
        if self.context.fault.is_some_and(FaultMode::never_commits) {
            // Keeps the seat until it is released.
            std::future::pending::<()>().await;
        }
        let deadline = transfer_deadline(task.commit_by);
        let inputs = fetch_inputs(&self.context.blobs, task, deadline).await?;
        let cancel = Arc::new(AtomicBool::new(false));
        let _cancel = CancelOnDrop(Arc::clone(&cancel));
        let (tasks, task) = (Arc::clone(self), task.clone());
        let run = move || -> Result<ShardResult, TaskError> {
            let context = &tasks.context;
            let outcome = context
                .runner
                .run(&task.job, task.shard, &inputs, &cancel)?;
            let (result, output) = build_result(outcome, context.fault, rand::random());
            // The seat may have been released since the run ended.
            let id = SeatId::of(&task);
            if cancel.load(Ordering::Relaxed)
                || !context.results.record_result(&id, &result, &output)?
            {
                return Err(RunError::Cancelled.into());
            }
            Ok(result)
        };
        blocking(self.workers.spawn_blocking(run).await)
    }

    fn finish_run(
        &self,
        task: &Task,
        result: Result<ShardResult, TaskError>,
        cancelled: &CancellationToken,
    ) {
        let id = SeatId::of(task);
        // Must come first: the orchestrator may send the same task again after the answer.
        if !self.end(id, Activity::Run, cancelled) {
            return;
        }
        match result {
            Ok(result) => {
                self.context.status.count_computed();
                let exit = match result.reason.as_str() {
                    "" => "ok",
                    reason => reason,
                };
                tracing::info!(job = %id.job, shard = id.shard, exit, "computed shard");
                let event = format!("computed shard {} of {}: {exit}", id.shard, id.job);
                self.context.status.event(event);
                let committed = self.context.identity.committed(task, &result);
                self.context.outbox.send_to_all(committed);
            }
            Err(error) => {
                if let Err(error) = self.context.results.remove(&id) {
                    tracing::warn!(%error, "failed task not removed");
                }
                let failed = self.failure(&id, &error);
                self.context.outbox.send_to_all(failed);
            }
        }
    }

    async fn upload_output(
        self: &Arc<Self>,
        task: &Task,
        result: &ShardResult,
        to: usize,
    ) -> Result<(), TaskError> {
        let (tasks, id, expected) = (Arc::clone(self), SeatId::of(task), result.clone());
        let read = move || tasks.context.results.output(&id, &expected);
        let output = blocking(self.workers.spawn_blocking(read).await)?;
        let deadline = transfer_deadline(task.reveal_by);
        let blobs = &self.context.blobs;
        blobs.put(to, &result.output, &output, deadline).await?;
        Ok(())
    }

    fn finish_reveal(
        &self,
        task: &Task,
        result: &ShardResult,
        uploaded: Result<(), TaskError>,
        to: usize,
    ) {
        let id = SeatId::of(task);
        match uploaded {
            Ok(()) => {
                tracing::info!(job = %id.job, shard = id.shard, "revealed shard");
                let event = format!("revealed shard {} of {}", id.shard, id.job);
                self.context.status.event(event);
                self.context.outbox.send_to(to, revealed(task, result));
            }
            Err(error) => {
                let failed = self.failure(&id, &error);
                self.context.outbox.send_to(to, failed);
            }
        }
    }

    /// Registers work on a seat. Returns the token that cancels it, or `None` if it is in progress.
    fn start(&self, id: SeatId, activity: Activity) -> Option<CancellationToken> {
        use std::collections::hash_map::Entry;
        match self.in_flight.lock().entry((id, activity)) {
            Entry::Occupied(_) => None,
            Entry::Vacant(vacant) => Some(vacant.insert(self.context.stop.child_token()).clone()),
        }
    }

    /// Unregisters finished work. Returns false if the work was cancelled; then its result must not be
    /// sent.
    fn end(&self, id: SeatId, activity: Activity, cancelled: &CancellationToken) -> bool {
        let mut in_flight = self.in_flight.lock();
        if cancelled.is_cancelled() {
            return false;
        }
        in_flight.remove(&(id, activity));
        true
    }

    /// Logs a failure and builds its message.
    fn failure(&self, id: &SeatId, error: &TaskError) -> FromAgent {
        let reason: String = error.to_string().chars().take(MAX_REASON_CHARS).collect();
        tracing::warn!(job = %id.job, shard = id.shard, reason, "shard failed");
        let event = format!("shard {} of {} failed: {reason}", id.shard, id.job);
        self.context.status.event(event);
        FromAgent::Failed {
            job: id.job,
            shard: id.shard,
            attempt: id.attempt,
            reason,
            retry: error.is_retryable(),
        }
    }
}

/// The result of a blocking call. A panic becomes an error.
fn blocking<T, E: Into<TaskError>>(
    result: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, TaskError> {
    match result {
        Ok(result) => result.map_err(Into::into),
        Err(error) => Err(TaskError::Aborted(error.to_string())),
    }
}

/// The instant of a deadline in Unix time, limited to [`MIN_TRANSFER_TIME`] and [`MAX_TRANSFER_TIME`]
/// from now.
fn transfer_deadline(deadline: i64) -> Instant {
    let left = deadline.saturating_sub(unix_now());
    let left = u64::try_from(left).map_or(Duration::ZERO, Duration::from_secs);
    Instant::now() + left.clamp(MIN_TRANSFER_TIME, MAX_TRANSFER_TIME)
}

/// Unix time in seconds by this machine's clock.
pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
