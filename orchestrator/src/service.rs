//! The planning loop: wakes up after changes, plans, and starts what is due.

use crate::executor::{Executor, pending_dispatches};
use crate::heartbeat::Heartbeat;
use crate::jobs::archive::Archive;
use crate::jobs::manifests::ManifestTracker;
use crate::planner::{Plan, Snapshot, accounts_needing_finality, plan};
use crate::snapshots::SnapshotSource;
use futures_util::future::select_all;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Longest time between two plans: windows end without any change on chain.
const MAX_PLAN_INTERVAL: Duration = Duration::from_millis(250);
/// Shortest time between two plans, so that changes in quick succession share one.
const MIN_PLAN_INTERVAL: Duration = Duration::from_millis(5);
/// The loop pauses for this multiple of the time that the last plan took, which leaves most of a core to
/// other tasks.
const PAUSE_PER_PLAN_TIME: u32 = 3;

/// Called after each plan with the time it took and the number of its actions.
pub(crate) type PlanCallback = Box<dyn Fn(Duration, usize) + Send + Sync>;

/// What the planning loop works with.
pub(crate) struct Service {
    pub snapshots: SnapshotSource,
    pub manifests: ManifestTracker,
    pub archive: Archive,
    pub executor: Executor,
    pub heartbeat: Heartbeat,
    pub on_planned: PlanCallback,
    /// How long actions in flight may take to end after a stop.
    pub shutdown_timeout: Duration,
}

impl Service {
    /// Plans until `stop`, then waits for the actions in flight. Returns those that did not end within the
    /// shutdown timeout.
    pub(crate) async fn run(self, stop: CancellationToken) -> Vec<String> {
        let mut wakeups = self.wakeups();
        while !stop.is_cancelled() {
            let started = Instant::now();
            self.manifests.update(self.snapshots.feed.cache()).await;
            self.plan_once().await;
            let pause = MIN_PLAN_INTERVAL.max(started.elapsed() * PAUSE_PER_PLAN_TIME);
            tokio::select! {
                () = stop.cancelled() => break,
                () = any_change(&mut wakeups) => {}
                () = tokio::time::sleep(MAX_PLAN_INTERVAL) => {}
            }
            tokio::time::sleep_until((started + pause).into()).await;
        }
        let seconds = self.shutdown_timeout.as_secs();
        info!(
            seconds,
            "stopping; actions in flight may end within the shutdown timeout"
        );
        let unfinished = self.executor.drain(self.shutdown_timeout).await;
        if !unfinished.is_empty() {
            warn!(
                ?unfinished,
                "shutdown with actions in flight; they will be resumed on restart"
            );
        }
        unfinished
    }

    /// Counters whose changes call for a new plan.
    fn wakeups(&self) -> [watch::Receiver<u64>; 7] {
        [
            self.snapshots.feed.changes(),
            self.snapshots.submissions.changes(),
            self.snapshots.agents.changes(),
            self.snapshots.leases.changes(),
            self.executor.changes(),
            self.manifests.changes(),
            self.archive.changes(),
        ]
    }

    async fn plan_once(&self) {
        self.heartbeat.beat();
        let started = Instant::now();
        // Before anything else is read: a plan from submissions that another member may have changed since
        // must not be fenced with a newer epoch.
        let tokens = self.snapshots.leases.tokens();
        let read = |snapshot: &Snapshot| {
            let planned_at = Instant::now();
            self.archive.retain(snapshot.cache.jobs());
            let needed = accounts_needing_finality(snapshot);
            self.snapshots
                .finalized
                .request(&needed, snapshot.cache.slot());
            let plan = plan(snapshot);
            let pending = pending_dispatches(&plan.messages, snapshot.cache);
            self.executor.expect_dispatches(pending, planned_at);
            plan
        };
        let Some(plan) = self.snapshots.with(read).await else {
            return;
        };
        (self.on_planned)(started.elapsed(), plan.len());
        let chain = self.archive.hold_back_unarchived(plan.chain, &tokens);
        self.executor.start(Plan { chain, ..plan }, tokens);
    }
}

/// Waits until any of the counters changes.
async fn any_change(counters: &mut [watch::Receiver<u64>]) {
    let changes = counters
        .iter_mut()
        .map(|counter| Box::pin(counter.changed()));
    // A closed counter means that its owner is gone, which the next plan shows.
    let _ = select_all(changes).await;
}
