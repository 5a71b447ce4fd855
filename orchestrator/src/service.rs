//! The loop that ties the parts together: wake, plan, act.

use crate::executor::Executor;
use crate::start::Ended;

use crate::agents::Agents;
use crate::api;
use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::config::Limits;
use crate::error::OrchestratorError;
use crate::events::Events;
use crate::executor::pending_dispatches;
use crate::jobs::archive::Archive;
use crate::jobs::manifests::Readiness;
use crate::leases::manager::LeaseManager;
use crate::leases::set::LeaseSet;
use crate::observability::metrics::Metrics;
use crate::observability::probe::Probe;
use crate::planner::{Plan, Snapshot, accounts_needing_finality, plan};
use crate::store::Store;
use crate::submissions::cache::SubmissionStore;
use crate::submissions::gc::JobGc;
use millrace_client::Pubkey;
use millrace_client::cache::finalized::FinalizedCache;
use millrace_client::cache::subscription::Feed;
use millrace_client::program::state::Job;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::payer::Payer;
use millrace_client::tx::sender::Sender;
use millrace_protocol::hash::Digest;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// The plan is made at least this often: windows end without any event.
const TICK: Duration = Duration::from_millis(250);
/// Changes that come close together are planned for once.
const GATHER: Duration = Duration::from_millis(5);
/// A plan that took long is followed by a longer rest: planning leaves most of a core to others.
const REST_PER_PLAN: u32 = 3;
/// How often the payer's balance is read.
const BALANCE_EVERY: Duration = Duration::from_secs(5);

/// What the loop and the API share.
#[derive(Clone)]
pub struct Service {
    pub(crate) rpc: Rpc,
    pub(crate) me: Pubkey,
    pub(crate) network_id: String,
    pub(crate) genesis: String,
    pub(crate) feed: Feed,
    pub(crate) finalized: FinalizedCache,
    pub(crate) sender: Sender,
    pub(crate) payer: Payer,
    pub(crate) events: Events,
    pub(crate) submissions: SubmissionStore,
    pub(crate) blobs: BlobStore,
    pub(crate) store: Arc<Store>,
    pub(crate) leases: LeaseSet,
    pub(crate) lease_manager: LeaseManager,
    pub(crate) agents: Agents,
    pub(crate) executor: Executor,
    pub(crate) metrics: Metrics,
    pub(crate) probe: Probe,
    pub(crate) limits: Limits,
    pub(crate) close_after: Duration,
    pub(crate) grace: Duration,
    /// Nothing new is begun.
    pub(crate) stop: CancellationToken,
    /// All connections end.
    pub(crate) end: CancellationToken,
    pub(crate) planned: Arc<Mutex<Instant>>,
    pub(crate) finished: Arc<Mutex<HashMap<Pubkey, Instant>>>,
    pub(crate) readiness: Readiness,
    pub(crate) upload_quota: UploadQuota,
    pub(crate) job_gc: JobGc,
    pub(crate) archive: Archive,
}

impl Service {
    pub(crate) async fn run(
        self,
        listener: TcpListener,
        reread: Duration,
        look: Duration,
    ) -> Result<Ended, OrchestratorError> {
        let (feed, probe) = (self.feed.clone(), self.probe.clone());
        let (end, stop) = (self.end.clone(), self.stop.clone());
        let watching = tokio::spawn({
            let end = end.clone();
            async move { feed.run(reread, end).await }
        });
        let probing = tokio::spawn({
            let end = end.clone();
            async move { probe.run(look, end).await }
        });
        let minding = tokio::spawn(self.clone().run_background(reread, end.clone()));
        let planning = tokio::spawn(self.clone().run_planning(stop.clone()));
        let keeping = tokio::spawn({
            // Until the end: acts under way may end as long as the leases are renewed.
            let (lease_manager, end, shared) = (
                self.lease_manager.clone(),
                end.clone(),
                self.store.is_shared(),
            );
            async move {
                if shared {
                    lease_manager.run(end).await;
                }
            }
        });
        let (lease_manager, store) = (self.lease_manager.clone(), self.store.clone());
        let router = api::router(self.clone());
        let serving = tokio::spawn(api::serve(listener, router, end.clone()));
        stop.cancelled().await;
        // While acts under way end, the API tells so. A panic there has been logged by the runtime.
        let left = planning.await.unwrap_or_default();
        end.cancel();
        let _ = tokio::join!(watching, probing, minding, keeping, serving);
        lease_manager.leave().await;
        store.close().await;
        Ok(Ended { left })
    }

    /// Keeps what the plan does not wait for: what is final, what was sent, what happened, what is left.
    async fn run_background(self, reread: Duration, end: CancellationToken) {
        let balance = async {
            loop {
                if let Err(error) = self.payer.read(&self.rpc).await {
                    debug!(%error, "the payer's balance could not be read");
                }
                tokio::time::sleep(BALANCE_EVERY).await;
            }
        };
        tokio::select! {
            () = balance => {}
            _ = async {
                tokio::join!(
                    self.finalized.run(end.clone()),
                    self.sender.track_finality(end.clone()),
                    self.events.keep(reread, end.clone()),
                    self.job_gc.run(&self.feed, end.clone()),
                )
            } => {}
        }
    }

    /// Plans until `stop`, and returns what could not be ended within the grace period.
    async fn run_planning(self, stop: CancellationToken) -> Vec<String> {
        let mut chain = self.feed.changes();
        let mut submissions = self.submissions.changes();
        let mut agents = self.agents.changes();
        let mut acts = self.executor.changes();
        let mut blobs = self.readiness.arrivals();
        let mut leases = self.leases.changes();
        let mut archive = self.archive.changes();
        while !stop.is_cancelled() {
            let began = Instant::now();
            self.readiness.look(self.feed.cache()).await;
            self.plan_once().await;
            let rest = GATHER.max(began.elapsed() * REST_PER_PLAN);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = chain.changed() => {}
                _ = submissions.changed() => {}
                _ = agents.changed() => {}
                _ = acts.changed() => {}
                _ = blobs.changed() => {}
                _ = leases.changed() => {}
                _ = archive.changed() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            // The first change is planned for at once, those that come close behind it together.
            tokio::time::sleep_until((began + rest).into()).await;
        }
        let seconds = self.grace.as_secs();
        info!(seconds, "stopping: acts under way may end within this time");
        let left = self.executor.drain(self.grace).await;
        if !left.is_empty() {
            warn!(
                ?left,
                "acts were left under way: the next start sees them through"
            );
        }
        left
    }

    /// Plans, and starts what is due.
    async fn plan_once(&self) {
        let since = Instant::now();
        // A poisoned lock still holds a whole time.
        *self
            .planned
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = since;
        let look = |snapshot: &Snapshot| {
            let (looked, slot) = (Instant::now(), snapshot.cache.slot());
            let plan = plan(snapshot);
            let pending = pending_dispatches(&plan.messages, snapshot.cache);
            (
                plan,
                (pending, looked),
                accounts_needing_finality(snapshot),
                slot,
            )
        };
        let Some((plan, (pending, looked), accounts_needing_finality, slot)) =
            self.with_snapshot(look).await
        else {
            return;
        };
        self.finalized.request(&accounts_needing_finality, slot);
        self.metrics.planned(since, plan.len());
        self.executor.expect_dispatches(pending, looked);
        let chain = self.hold_back_unarchived(plan.chain);
        self.executor.start(Plan { chain, ..plan });
    }

    /// Calls `look` with everything a plan depends on; `None` before the chain's time is known.
    pub(crate) async fn with_snapshot<T>(&self, look: impl FnOnce(&Snapshot) -> T) -> Option<T> {
        let now = self.feed.now()?;
        let finalized = self.finalized.cache().read().await;
        let cache = self.feed.cache().read().await;
        let busy = self.executor.busy();
        let agents = self.agents.views();
        let closable = self.closable(cache.jobs());
        let owned = self.leases.owned();
        let submissions = self.submissions.read();
        Some(look(&Snapshot {
            cache: &cache,
            finalized: &finalized,
            orchestrator: self.me,
            now,
            slot: cache.slot().max(self.feed.slot()),
            agents: &agents,
            submissions: &submissions,
            busy: &busy.keys,
            reserved: &busy.reserved,
            closable: &closable,
            room: self.executor.room(),
            owned: &owned,
        }))
    }

    /// Finished jobs that have stood long enough for their clients to look at.
    fn closable(&self, jobs: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
        // A poisoned lock still holds whole entries.
        let mut finished = self
            .finished
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        finished.retain(|key, _| jobs.contains_key(key));
        self.archive.retain(jobs);
        for (key, _) in jobs.iter().filter(|(_, job)| job.is_finished()) {
            finished.entry(*key).or_insert_with(Instant::now);
        }
        let due = finished
            .iter()
            .filter(|(_, since)| since.elapsed() >= self.close_after);
        due.map(|(key, _)| *key).collect()
    }

    /// Which last views are kept.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The desk.
    pub fn submissions(&self) -> &SubmissionStore {
        &self.submissions
    }

    /// The feed.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The executor.
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The probe.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// What is still well.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Ids of the network and of the cluster, and the key.
    pub fn identity(&self) -> (String, String, String) {
        let (network, genesis) = (self.network_id.clone(), self.genesis.clone());
        (network, genesis, self.me.to_string())
    }

    /// Whether it ends.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Time since the last plan.
    pub fn plan_age(&self) -> Duration {
        // A poisoned lock still holds a whole time.
        let planned = self.planned.lock();
        planned
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .elapsed()
    }

    /// Lamports of the key under which no shards are assigned.
    pub fn payer_floor(&self) -> u64 {
        self.payer.floor()
    }

    /// The blobs.
    pub fn blobs(&self) -> &BlobStore {
        &self.blobs
    }

    /// The room for blobs that no job names yet.
    pub fn upload_quota(&self) -> &UploadQuota {
        &self.upload_quota
    }

    /// The agents.
    pub fn agents(&self) -> &Agents {
        &self.agents
    }

    /// A blob has come: a job may wait for it.
    pub fn blob_arrived(&self, name: Digest) {
        self.readiness.arrived(name);
    }

    /// Cancelled when all connections are to end.
    pub fn end(&self) -> CancellationToken {
        self.end.clone()
    }

    /// What happened.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Transactions that are confirmed and not yet final.
    pub fn unfinal(&self) -> usize {
        self.sender.unfinalized_count()
    }

    /// What it holds of a store that others share.
    pub fn leases(&self) -> &LeaseSet {
        &self.leases
    }
}
