//! Chain actions that are in flight or waiting for a retry.

use crate::leases::fence::Fence;
use crate::planner::{ChainAction, ConflictKey};
use backon::{BackoffBuilder, ExponentialBuilder};
use millrace_client::program::state::Shard;
use millrace_client::{Pubkey, pda};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MIN_RETRY_PAUSE: Duration = Duration::from_millis(600);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(10);
/// How long the failures of an action are remembered if no plan contains the action again.
const FAILURE_TTL: Duration = Duration::from_secs(60);
/// Chain actions in flight at a time, which is the most that can land in the time that one confirmation
/// takes. Each of them costs polls of the endpoint and acts on a snapshot that grows old; further actions
/// wait in the plan, which puts the most urgent ones first.
const MAX_IN_FLIGHT: usize = 256;

/// A chain action in flight.
pub(super) struct InFlight {
    pub action: ChainAction,
    /// Must hold when the transaction is journalled.
    pub fence: Option<Fence>,
    /// The shard before the action.
    pub before: Option<Shard>,
    /// How often the action has failed.
    pub failures: u32,
}

impl InFlight {
    /// Accounts that the action changes.
    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let mut keys = match self.action.key() {
            ConflictKey::Shard(job, index) => vec![job, pda::shard(&job, index)],
            ConflictKey::Job(job) => vec![job],
        };
        if let ChainAction::Assign { providers, .. } = &self.action {
            keys.extend(providers);
        }
        if let ChainAction::CloseJob { shards, .. } = &self.action {
            keys.extend(shards.iter().map(|(shard, _)| shard));
        }
        let seats = self.before.iter().flat_map(|shard| &shard.seats);
        let live = seats.filter(|seat| seat.is_live());
        keys.extend(live.map(|seat| seat.provider));
        keys
    }
}

/// What a plan must not start again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Busy {
    /// Actions that are in flight or waiting for a retry.
    pub keys: HashSet<ConflictKey>,
    /// Providers named by assignments in flight, once per seat.
    pub reserved: Vec<Pubkey>,
}

/// Counts of chain actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionCounts {
    pub in_flight: usize,
    pub waiting_for_retry: usize,
}

/// All chain actions that have started and not succeeded yet. Clones share their content.
#[derive(Clone, Default)]
pub(super) struct InFlightTable(Arc<Mutex<HashMap<ConflictKey, TableEntry>>>);

struct TableEntry {
    /// The action in words.
    purpose: String,
    reserved: Vec<Pubkey>,
    is_running: bool,
    failures: u32,
    retry_at: Instant,
}

impl InFlightTable {
    pub(super) fn busy(&self, now: Instant) -> Busy {
        let mut entries = self.0.lock();
        entries.retain(|_, entry| entry.is_running || now < entry.retry_at + FAILURE_TTL);
        let busy = entries
            .iter()
            .filter(|(_, entry)| entry.is_running || now < entry.retry_at);
        let running = entries.values().filter(|entry| entry.is_running);
        Busy {
            keys: busy.map(|(key, _)| *key).collect(),
            reserved: running.flat_map(|entry| entry.reserved.clone()).collect(),
        }
    }

    pub(super) fn counts(&self) -> ActionCounts {
        let entries = self.0.lock();
        let in_flight = entries.values().filter(|entry| entry.is_running).count();
        ActionCounts {
            in_flight,
            waiting_for_retry: entries.len() - in_flight,
        }
    }

    /// How many more actions may start.
    pub(super) fn room(&self) -> usize {
        MAX_IN_FLIGHT.saturating_sub(self.counts().in_flight)
    }

    /// The actions in flight, in words.
    pub(super) fn purposes(&self) -> Vec<String> {
        let entries = self.0.lock();
        let running = entries.values().filter(|entry| entry.is_running);
        let mut purposes: Vec<String> = running.map(|entry| entry.purpose.clone()).collect();
        purposes.sort();
        purposes
    }

    pub(super) fn start(&self, action: ChainAction) -> InFlight {
        let key = action.key();
        let reserved = match &action {
            ChainAction::Assign { providers, .. } => providers.clone(),
            _ => Vec::new(),
        };
        let mut entries = self.0.lock();
        let failures = entries.get(&key).map_or(0, |entry| entry.failures);
        let entry = TableEntry {
            purpose: action.to_string(),
            reserved,
            is_running: true,
            failures,
            retry_at: Instant::now(),
        };
        entries.insert(key, entry);
        InFlight {
            action,
            fence: None,
            before: None,
            failures,
        }
    }

    pub(super) fn succeeded(&self, key: ConflictKey) {
        self.0.lock().remove(&key);
    }

    /// Schedules a retry: after a growing pause or, if the action shared its transaction with others, at
    /// once and alone. Returns how often the action has failed.
    pub(super) fn failed(&self, key: ConflictKey, was_alone: bool, now: Instant) -> u32 {
        let mut entries = self.0.lock();
        let Some(entry) = entries.get_mut(&key) else {
            return 0;
        };
        entry.is_running = false;
        entry.failures += 1;
        entry.retry_at = if was_alone {
            now + retry_pause(entry.failures)
        } else {
            now
        };
        entry.failures
    }
}

/// The pause after so many failures.
fn retry_pause(failures: u32) -> Duration {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(MIN_RETRY_PAUSE)
        .with_max_delay(MAX_RETRY_PAUSE)
        .with_factor(2.0)
        .without_max_times();
    let nth = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    pauses.build().nth(nth).unwrap_or(MAX_RETRY_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: Pubkey = Pubkey::new_from_array([5; 32]);
    const PROVIDER: Pubkey = Pubkey::new_from_array([6; 32]);
    const KEY: ConflictKey = ConflictKey::Shard(JOB, 0);

    fn assign() -> ChainAction {
        ChainAction::Assign {
            job: JOB,
            shard: 0,
            providers: vec![PROVIDER],
            selection: Default::default(),
        }
    }

    #[test]
    fn action_in_flight_is_busy_and_reserves_its_providers() {
        let (table, now) = (InFlightTable::default(), Instant::now());
        table.start(assign());
        let expected = Busy {
            keys: HashSet::from([KEY]),
            reserved: vec![PROVIDER],
        };
        assert_eq!(table.busy(now), expected);
        table.succeeded(KEY);
        assert_eq!(table.busy(now), Busy::default());
    }

    #[test]
    fn failed_action_waits_for_its_retry_without_reserving_anything() {
        let (table, now) = (InFlightTable::default(), Instant::now());
        table.start(assign());
        assert_eq!(table.failed(KEY, true, now), 1);
        let waiting = Busy {
            keys: HashSet::from([KEY]),
            reserved: Vec::new(),
        };
        assert_eq!(table.busy(now), waiting);
        assert_eq!(table.busy(now + MIN_RETRY_PAUSE), Busy::default());
        assert_eq!(table.start(assign()).failures, 1);
    }

    #[test]
    fn action_that_failed_with_others_is_retried_at_once() {
        let (table, now) = (InFlightTable::default(), Instant::now());
        table.start(assign());
        table.failed(KEY, false, now);
        assert_eq!(table.busy(now), Busy::default());
        assert_eq!(table.start(assign()).failures, 1);
    }

    #[test]
    fn failures_are_forgotten_in_time() {
        let (table, now) = (InFlightTable::default(), Instant::now());
        table.start(assign());
        table.failed(KEY, true, now);
        table.busy(now + MIN_RETRY_PAUSE + FAILURE_TTL);
        assert_eq!(table.counts(), ActionCounts::default());
        assert_eq!(table.start(assign()).failures, 0);
    }

    #[test]
    fn retry_pauses_double_up_to_their_maximum() {
        let pauses: Vec<u128> = (1..=6).map(|n| retry_pause(n).as_millis()).collect();
        assert_eq!(pauses, [600, 1_200, 2_400, 4_800, 9_600, 10_000]);
        assert_eq!(retry_pause(1_000), MAX_RETRY_PAUSE);
    }
}
