//! The partitions that this orchestrator owns, and until when. [`super::manager`] renews them.

use crate::leases::partition::{OwnedPartitions, Partition};
use parking_lot::{RwLock, RwLockReadGuard};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The partitions that this orchestrator owns now. Clones share their state.
#[derive(Clone)]
pub struct LeaseSet {
    /// `None` if no other orchestrator uses the store: every partition is owned, without expiry.
    state: Option<Arc<RwLock<LeaseState>>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct LeaseState {
    /// The id under which leases are held and transactions are journalled.
    member: String,
    /// Local deadline, set earlier than the database's expiry. No work starts after it.
    until: Option<Instant>,
    /// Leased as of the last renewal.
    leased: HashSet<Partition>,
    /// The leased partitions whose submissions have been loaded.
    ready: HashSet<Partition>,
    /// The leased partitions that are given back as soon as no action is in flight for them.
    draining: HashSet<Partition>,
}

/// How a renewal changed the set of leased partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseChange {
    /// New partitions, whose submissions have to be loaded.
    pub gained: Vec<Partition>,
    /// Lost partitions, whose submissions have to be dropped from memory.
    pub lost: HashSet<Partition>,
}

impl LeaseSet {
    /// For a store that no other orchestrator uses.
    pub fn exclusive() -> Self {
        Self {
            state: None,
            changes: watch::Sender::new(0),
        }
    }

    /// For a shared store. Owns nothing until leases are taken.
    pub fn shared() -> Self {
        Self {
            state: Some(Arc::default()),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that increases when the set changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn read(&self) -> Option<RwLockReadGuard<'_, LeaseState>> {
        self.state.as_ref().map(|state| state.read())
    }

    fn change<T: Default>(&self, change: impl FnOnce(&mut LeaseState) -> T) -> T {
        let Some(state) = &self.state else {
            return T::default();
        };
        let changed = change(&mut state.write());
        self.changes.send_modify(|count| *count += 1);
        changed
    }

    /// This member's id; empty if no other orchestrator uses the store.
    pub fn member(&self) -> String {
        self.read()
            .map(|state| state.member.clone())
            .unwrap_or_default()
    }

    /// The partitions that may be acted on at this instant.
    pub fn owned(&self) -> OwnedPartitions {
        match self.read() {
            None => OwnedPartitions::All,
            Some(state) => OwnedPartitions::Only(state.owned_at(Instant::now())),
        }
    }

    /// Why this orchestrator cannot act at all, if so.
    pub fn problem(&self) -> Option<&'static str> {
        let state = self.read()?;
        let expired = state.until.is_none_or(|until| Instant::now() >= until);
        expired.then_some("leases on the shared store were not renewed in time; no work is started")
    }

    /// Whether this orchestrator records submissions of a partition. True from the moment that the
    /// partition is leased, even before earlier submissions have been loaded.
    pub fn owns_submissions_of(&self, partition: &Partition) -> bool {
        self.read()
            .is_none_or(|state| state.leased.contains(partition))
    }

    /// Starts over under another id, without leases. Returns the partitions that were leased.
    pub(crate) fn join(&self, member: &str) -> HashSet<Partition> {
        self.change(|state| {
            let lost = std::mem::take(&mut state.leased);
            *state = LeaseState {
                member: member.to_owned(),
                ..LeaseState::default()
            };
            lost
        })
    }

    /// Applies the leases that the database granted until `until`.
    pub(crate) fn apply_renewal(&self, leased: HashSet<Partition>, until: Instant) -> LeaseChange {
        self.change(|state| state.apply_renewal(leased, until))
    }

    /// Marks partitions as ready: their submissions have been loaded.
    pub(crate) fn mark_ready(&self, partitions: &[Partition]) {
        self.change(|state| {
            let leased = partitions.iter().filter(|p| state.leased.contains(p));
            let leased: Vec<Partition> = leased.copied().collect();
            state.ready.extend(leased);
        });
    }

    /// Stops acting on exactly these partitions, so that they can be given back.
    pub(crate) fn set_draining(&self, partitions: &[Partition]) {
        self.change(|state| state.draining = partitions.iter().copied().collect());
    }

    pub(crate) fn draining(&self) -> HashSet<Partition> {
        self.read()
            .map(|state| state.draining.clone())
            .unwrap_or_default()
    }
}

impl LeaseState {
    fn owned_at(&self, now: Instant) -> HashSet<Partition> {
        if self.until.is_none_or(|until| now >= until) {
            return HashSet::new();
        }
        let owned = self.ready.iter().filter(|p| !self.draining.contains(p));
        owned.copied().collect()
    }

    fn apply_renewal(&mut self, leased: HashSet<Partition>, until: Instant) -> LeaseChange {
        let change = LeaseChange {
            gained: leased.difference(&self.leased).copied().collect(),
            lost: self.leased.difference(&leased).copied().collect(),
        };
        self.ready.retain(|partition| leased.contains(partition));
        self.draining.retain(|partition| leased.contains(partition));
        self.leased = leased;
        self.until = Some(until);
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::Pubkey;
    use std::time::Duration;

    fn partitions(count: usize) -> Vec<Partition> {
        Partition::all_for(&Pubkey::default()).take(count).collect()
    }

    fn set(partitions: &[Partition]) -> HashSet<Partition> {
        partitions.iter().copied().collect()
    }

    #[test]
    fn a_partition_is_owned_once_loaded_and_until_its_lease_expires() {
        let (leased, now) = (partitions(2), Instant::now());
        let mut state = LeaseState::default();
        let change = state.apply_renewal(set(&leased), now + Duration::from_secs(5));
        assert_eq!(change.gained.len(), 2);
        assert!(state.owned_at(now).is_empty());
        state.ready.insert(leased[0]);
        assert_eq!(state.owned_at(now), set(&leased[..1]));
        assert!(state.owned_at(now + Duration::from_secs(5)).is_empty());
    }

    #[test]
    fn a_partition_that_was_lost_has_to_be_loaded_again() {
        let (leased, now) = (partitions(2), Instant::now());
        let until = now + Duration::from_secs(5);
        let mut state = LeaseState::default();
        state.apply_renewal(set(&leased), until);
        state.ready.extend(&leased);
        let change = state.apply_renewal(set(&leased[1..]), until);
        assert_eq!(change.lost, set(&leased[..1]));
        let change = state.apply_renewal(set(&leased), until);
        assert_eq!(change.gained, leased[..1]);
        assert_eq!(state.owned_at(now), set(&leased[1..]));
    }

    #[test]
    fn a_draining_partition_is_not_acted_on() {
        let (leased, now) = (partitions(2), Instant::now());
        let leases = LeaseSet::shared();
        leases.join("me");
        leases.apply_renewal(set(&leased), now + Duration::from_secs(60));
        leases.mark_ready(&leased);
        leases.set_draining(&leased[..1]);
        assert_eq!(leases.owned(), OwnedPartitions::Only(set(&leased[1..])));
        assert!(leases.owns_submissions_of(&leased[0]));
        assert_eq!(leases.join("me again"), set(&leased));
        assert!(!leases.owns_submissions_of(&leased[0]));
    }

    #[test]
    fn an_exclusive_store_owns_every_partition() {
        let leases = LeaseSet::exclusive();
        assert_eq!(leases.owned(), OwnedPartitions::All);
        assert!(leases.owns_submissions_of(&partitions(1)[0]));
        assert_eq!(leases.member(), "");
    }
}
