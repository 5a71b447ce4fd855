//! Gauges, which are set at each scrape.

use super::catalogue::{Catalogue, Value, Values};
use super::labels;
use crate::jobs::view::ON_CHAIN_PHASES;
use crate::observability::health::Problem;
use crate::observability::solvency::VaultBalance;
use crate::planner::PendingReason;
use millrace_protocol::api::JobPhase;
use std::collections::BTreeMap;
use std::time::Duration;

/// Last answer of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointState {
    /// Host alone: the rest of the URL may contain a token.
    pub name: String,
    /// Its slot, or its error.
    pub slot: Result<u64, String>,
}

/// Values of the gauges at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct GaugeSnapshot {
    /// Newest slot that was seen.
    pub slot_seen: u64,
    /// Newest slot of any endpoint.
    pub slot_newest: u64,
    /// Age of each kind of read.
    pub read_ages: Vec<(&'static str, Duration)>,
    /// The chain's clock less this machine's, seconds.
    pub clock_skew: Option<i64>,
    pub endpoints: Vec<EndpointState>,
    /// Lamports of the key; unknown before they were read.
    pub payer_lamports: Option<u64>,
    /// Transactions that these lamports pay for.
    pub payer_transactions: Option<u64>,
    /// Jobs on chain by state.
    pub jobs: BTreeMap<&'static str, usize>,
    pub waiting: usize,
    /// Waiting jobs by reason; a job may have several.
    pub waiting_by: BTreeMap<&'static str, usize>,
    /// Actions in flight, and actions that wait for a retry.
    pub actions: (usize, usize),
    /// Transactions that are confirmed and not yet final.
    pub unfinalized: usize,
    /// Agents that accept work, and agents that drain.
    pub agents: (usize, usize),
    /// Shards that the accepting agents run concurrently.
    pub capacity: u32,
    /// Seats that connected agents work on.
    pub busy: usize,
    /// Whether the last write to the store succeeded.
    pub store_writable: bool,
    pub vault_balances: Vec<VaultBalance>,
    /// Time since recorded balances and vaults were compared.
    pub solvency_check_age: Option<Duration>,
    pub problems: Vec<Problem>,
}

#[derive(Debug)]
pub(super) struct Gauges {
    slot_seen: Value,
    slot_newest: Value,
    slot_lag: Value,
    read_age: Values,
    clock_skew: Value,
    endpoint_up: Values,
    endpoint_slot: Values,
    payer_lamports: Value,
    payer_transactions: Value,
    jobs: Values,
    waiting: Value,
    waiting_by: Values,
    actions: Values,
    unfinalized: Value,
    agents: Values,
    capacity: Value,
    busy: Value,
    store_writable: Value,
    escrow_recorded: Values,
    escrow_vaults: Values,
    escrow_missing: Values,
    solvency_check_age: Value,
    healthy: Value,
    problem: Values,
}

impl Gauges {
    #[rustfmt::skip]
    pub(super) fn new(all: &mut Catalogue) -> Self {
        Self {
            slot_seen: all.value("millrace_slot_seen", "Newest slot of any read or notification"),
            slot_newest: all.value("millrace_slot_newest", "Newest slot of any endpoint"),
            slot_lag: all.value("millrace_slot_lag", "Slots by which the cache is behind the newest endpoint"),
            read_age: all.values("millrace_read_age_seconds", &["what"], "Time since the cluster's clock, all accounts, or the history was last read"),
            clock_skew: all.value("millrace_clock_skew_seconds", "The chain's clock less this machine's"),
            endpoint_up: all.values("millrace_endpoint_up", &["endpoint"], "Whether an RPC endpoint answers: 1 or 0"),
            endpoint_slot: all.values("millrace_endpoint_slot", &["endpoint"], "Slot of an RPC endpoint"),
            payer_lamports: all.value("millrace_payer_lamports", "Lamports of the key that pays fees and rent"),
            payer_transactions: all.value("millrace_payer_transactions", "Transactions that these lamports pay for, at the average cost so far"),
            jobs: all.values("millrace_jobs", &["state"], "Jobs on chain by state"),
            waiting: all.value("millrace_waiting_jobs", "Open jobs with shards that no provider can be assigned to"),
            waiting_by: all.values("millrace_waiting_jobs_by_reason", &["reason"], "Waiting jobs by reason; a job may have several"),
            actions: all.values("millrace_actions", &["state"], "Chain actions in flight (running) or waiting for a retry (waiting)"),
            unfinalized: all.value("millrace_transactions_unfinalized", "Confirmed transactions that are not finalized yet"),
            agents: all.values("millrace_agents", &["state"], "Connected agents that accept work (ready) or only finish theirs (draining)"),
            capacity: all.value("millrace_agents_capacity", "Shards that ready agents run concurrently"),
            busy: all.value("millrace_agents_busy", "Seats that connected agents work on"),
            store_writable: all.value("millrace_store_writable", "Whether the last write to the store succeeded: 1 or 0"),
            escrow_recorded: all.values("millrace_escrow_recorded", &["vault", "mint"], "Base units that the program's accounts record: escrow of clients, stake and earnings of providers"),
            escrow_vaults: all.values("millrace_escrow_vaults", &["vault", "mint"], "Base units in the vaults"),
            escrow_missing: all.values("millrace_escrow_missing", &["vault", "mint"], "Base units that are missing, summed over the vaults that hold less than recorded; must be 0"),
            solvency_check_age: all.value("millrace_solvency_check_age_seconds", "Time since recorded balances and vaults were compared"),
            healthy: all.value("millrace_healthy", "Whether /health answers that all is well: 1 or 0"),
            problem: all.values("millrace_health_problem", &["problem"], "Whether /health names this problem: 1 or 0"),
        }
    }

    pub(super) fn set(&self, now: &GaugeSnapshot) {
        self.slot_seen.set(now.slot_seen as f64);
        self.slot_newest.set(now.slot_newest as f64);
        let lag = now.slot_newest.saturating_sub(now.slot_seen);
        self.slot_lag.set(lag as f64);
        for (what, age) in &now.read_ages {
            put(&self.read_age, [("what", what)], age.as_secs_f64());
        }
        if let Some(skew) = now.clock_skew {
            self.clock_skew.set(skew as f64);
        }
        for endpoint in &now.endpoints {
            let name = [("endpoint", endpoint.name.as_str())];
            put(&self.endpoint_up, name, flag(endpoint.slot.is_ok()));
            if let Ok(slot) = endpoint.slot {
                put(&self.endpoint_slot, name, slot as f64);
            }
        }
        if let Some(lamports) = now.payer_lamports {
            self.payer_lamports.set(lamports as f64);
        }
        if let Some(transactions) = now.payer_transactions {
            self.payer_transactions.set(transactions as f64);
        }
        for state in ON_CHAIN_PHASES.map(JobPhase::as_str) {
            put(&self.jobs, [("state", state)], counted(&now.jobs, state));
        }
        self.waiting.set(now.waiting as f64);
        for reason in PendingReason::names() {
            let jobs = counted(&now.waiting_by, reason);
            put(&self.waiting_by, [("reason", reason)], jobs);
        }
        let (running, waiting) = now.actions;
        put(&self.actions, [("state", "running")], running as f64);
        put(&self.actions, [("state", "waiting")], waiting as f64);
        self.unfinalized.set(now.unfinalized as f64);
        let (ready, draining) = now.agents;
        put(&self.agents, [("state", "ready")], ready as f64);
        put(&self.agents, [("state", "draining")], draining as f64);
        self.capacity.set(f64::from(now.capacity));
        self.busy.set(now.busy as f64);
        self.store_writable.set(flag(now.store_writable));
        for sum in &now.vault_balances {
            let mint = sum.mint.to_string();
            let place = [("vault", sum.vault.name()), ("mint", mint.as_str())];
            put(&self.escrow_recorded, place, sum.recorded as f64);
            put(&self.escrow_vaults, place, sum.vaults as f64);
            put(&self.escrow_missing, place, sum.missing as f64);
        }
        if let Some(age) = now.solvency_check_age {
            self.solvency_check_age.set(age.as_secs_f64());
        }
        self.healthy.set(flag(now.problems.is_empty()));
        for kind in crate::observability::health::KINDS {
            let there = now.problems.iter().any(|problem| problem.kind == kind);
            put(&self.problem, [("problem", kind.name())], flag(there));
        }
    }
}

fn put<const N: usize>(values: &Values, pairs: [(&'static str, &str); N], value: f64) {
    values.get_or_create(&labels(pairs)).set(value);
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn counted(counts: &BTreeMap<&'static str, usize>, name: &str) -> f64 {
    counts.get(name).copied().unwrap_or(0) as f64
}
