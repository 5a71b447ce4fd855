//! Status of the service for probes, people and Prometheus.

use crate::config::HealthLimits;
use crate::events::Events;
use crate::executor::Executor;
use crate::heartbeat::Heartbeat;
use crate::jobs::view::phase;
use crate::leases::partition::OwnedPartitions;
use crate::leases::set::LeaseSet;
use crate::observability::health::{Health, HealthInputs, PLAN_TIMEOUT, evaluate};
use crate::observability::metrics::{GaugeSnapshot, Metrics};
use crate::observability::probe::{Probe, ProbeReport};
use crate::planner::{PendingReasons, Snapshot};
use crate::snapshots::SnapshotSource;
use millrace_client::cache::subscription::Feed;
use millrace_client::program::state::SeatStatus;
use millrace_client::tx::payer::Payer;
use millrace_client::tx::sender::Sender;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Counts of jobs and agents.
#[derive(Default)]
struct Work {
    jobs: BTreeMap<&'static str, usize>,
    waiting: usize,
    waiting_by: BTreeMap<&'static str, usize>,
    agents: (usize, usize),
    capacity: u32,
    busy: usize,
}

impl Work {
    fn of(snapshot: &Snapshot) -> Self {
        let (mut work, pending) = (Self::default(), PendingReasons::new(snapshot));
        for (key, job) in snapshot.cache.jobs() {
            let state = phase(job, job.is_finished());
            *work.jobs.entry(state.as_str()).or_default() += 1;
            if let Some(wait) = pending.reason(*key, job) {
                work.waiting += 1;
                wait.for_each_name(|reason| *work.waiting_by.entry(reason).or_default() += 1);
            }
        }
        for agent in snapshot.agents.values() {
            if agent.draining {
                work.agents.1 += 1;
            } else {
                work.agents.0 += 1;
                work.capacity = work.capacity.saturating_add(agent.capacity);
            }
        }
        let live = snapshot.cache.shards().filter(|shard| shard.is_live());
        let seats = live.flat_map(|shard| &shard.seats);
        let works = |status| matches!(status, SeatStatus::Assigned);
        let busy = seats
            .filter(|seat| works(seat.status()) && snapshot.agents.contains_key(&seat.provider));
        work.busy = busy.count();
        work
    }
}

/// Which network and cluster an orchestrator works on, and with which key.
#[derive(Clone, Debug)]
pub(crate) struct OrchestratorIdentity {
    pub network_id: String,
    /// The cluster's genesis hash, base58.
    pub genesis: String,
    pub key: String,
}

/// Reports health and metrics of the running parts. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Status {
    pub snapshots: SnapshotSource,
    pub feed: Feed,
    pub probe: Probe,
    pub executor: Executor,
    pub sender: Sender,
    pub events: Events,
    pub leases: LeaseSet,
    pub payer: Payer,
    pub metrics: Metrics,
    /// Set by the planning loop.
    pub heartbeat: Heartbeat,
    pub health_limits: HealthLimits,
    pub identity: Arc<OrchestratorIdentity>,
    /// Cancelled when the orchestrator is stopping.
    pub stop: CancellationToken,
}

impl Status {
    async fn slot_seen(&self) -> u64 {
        self.feed.cache().read().await.slot().max(self.feed.slot())
    }

    async fn work(&self) -> Work {
        self.snapshots.with(Work::of).await.unwrap_or_default()
    }

    fn inputs(&self, found: &ProbeReport, slot_seen: u64, work: &Work) -> HealthInputs {
        let slots = found.endpoints.iter();
        let slots = slots.filter_map(|endpoint| endpoint.slot.as_ref().ok());
        HealthInputs {
            stopping: self.stop.is_cancelled(),
            plan_age: self.heartbeat.age(),
            endpoints: found.endpoints.clone(),
            clock_age: self.feed.clock_age(),
            slot_seen,
            slot_newest: slots.copied().max().unwrap_or(0).max(slot_seen),
            history_age: Some(self.events.age()),
            clock_skew: found.clock_skew,
            payer: found.payer,
            payer_floor: self.payer.floor(),
            store_failure: found.store_failure.clone(),
            leases_lost: self.leases.problem(),
            ready_agents: work.agents.0,
            waiting_jobs: work.waiting,
            vault_balances: found.vault_balances.clone(),
        }
    }

    /// Whether the process is live: planning, or shutting down. If not, a restart helps.
    pub(crate) fn is_alive(&self) -> bool {
        self.stop.is_cancelled() || self.heartbeat.age() < PLAN_TIMEOUT
    }

    pub(crate) async fn health(&self) -> Health {
        let (found, slot, work) = self.look_around().await;
        let inputs = self.inputs(&found, slot, &work);
        let problems = evaluate(&inputs, &self.health_limits);
        let identity = (*self.identity).clone();
        Health {
            status: if problems.is_empty() {
                "ok"
            } else {
                "degraded"
            },
            problems,
            version: env!("CARGO_PKG_VERSION"),
            network_id: identity.network_id,
            genesis: identity.genesis,
            key: identity.key,
            slot,
            agents: work.agents.0 + work.agents.1,
            jobs: work.jobs.values().sum(),
            waiting_jobs: work.waiting,
            leases: match self.leases.owned() {
                OwnedPartitions::All => None,
                OwnedPartitions::Only(partitions) => Some(partitions.len()),
            },
            member: self.leases.member(),
            payer_lamports: found.payer.map_or(0, |(lamports, _)| lamports),
            payer_lasts: found.payer.map(|(_, runway)| runway),
        }
    }

    async fn look_around(&self) -> (ProbeReport, u64, Work) {
        let found = self.probe.report();
        (found, self.slot_seen().await, self.work().await)
    }

    /// The metrics, with current gauges.
    pub(crate) async fn metrics(&self) -> String {
        let (found, slot, work) = self.look_around().await;
        let inputs = self.inputs(&found, slot, &work);
        let ages = [
            ("clock", inputs.clock_age),
            ("accounts", self.feed.full_read_age()),
            ("history", inputs.history_age),
        ];
        let ages = ages
            .into_iter()
            .filter_map(|(what, age)| Some((what, age?)));
        let actions = self.executor.counts();
        let snapshot = GaugeSnapshot {
            slot_seen: slot,
            slot_newest: inputs.slot_newest,
            read_ages: ages.collect(),
            clock_skew: inputs.clock_skew,
            problems: evaluate(&inputs, &self.health_limits),
            endpoints: found.endpoints,
            payer_lamports: found.payer.map(|(lamports, _)| lamports),
            payer_transactions: found.payer.map(|(_, runway)| runway.transactions),
            jobs: work.jobs,
            waiting: work.waiting,
            waiting_by: work.waiting_by,
            actions: (actions.in_flight, actions.waiting_for_retry),
            unfinalized: self.sender.unfinalized_count(),
            agents: work.agents,
            capacity: work.capacity,
            busy: work.busy,
            store_writable: found.store_failure.is_none(),
            vault_balances: found.vault_balances,
            solvency_check_age: found.solvency_checked_at.map(|at| at.elapsed()),
        };
        self.metrics.show(&snapshot)
    }
}
