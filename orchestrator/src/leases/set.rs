//! What this orchestrator holds of a shared store, and until when. [`keeper`] renews it.

use crate::leases::partition::Partition;

use crate::leases::partition::OwnedPartitions;
use std::collections::HashSet;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use tokio::sync::watch;

/// What is held now. Clones are the same.
#[derive(Clone)]
pub struct LeaseSet {
    /// `None` where nobody shares the store: everything is held for ever.
    state: Option<Arc<RwLock<State>>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    /// The name under which leases are held and transactions written down.
    member: String,
    /// By this machine's clock, some time before the database's says the same: nothing is done later.
    until: Option<Instant>,
    /// Leased, as the last renewal said.
    leased: HashSet<Partition>,
    /// Among them, those whose papers have been loaded.
    ready: HashSet<Partition>,
    /// Among them, those that are given back as soon as nothing is under way for them.
    leaving: HashSet<Partition>,
}

/// How a renewal has changed what is leased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New ones: their papers are to be loaded.
    pub gained: Vec<Partition>,
    /// Lost ones: their papers are to be dropped.
    pub lost: HashSet<Partition>,
}

impl LeaseSet {
    /// Of a store that nobody shares.
    pub fn exclusive() -> Self {
        Self {
            state: None,
            changes: watch::Sender::new(0),
        }
    }

    /// Of a shared store; nothing is held yet.
    pub fn shared() -> Self {
        Self {
            state: Some(Arc::default()),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that rises when more or less is held.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn read(&self) -> Option<RwLockReadGuard<'_, State>> {
        // A poisoned lock still holds whole sets: each change replaces some.
        let state = self.state.as_ref()?;
        Some(
            state
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    fn change<T: Default>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let Some(state) = &self.state else {
            return T::default();
        };
        let mut guard: RwLockWriteGuard<'_, State> = state
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let changed = change(&mut guard);
        drop(guard);
        self.changes.send_modify(|count| *count += 1);
        changed
    }

    /// The name in the store; empty where nobody shares it.
    pub fn member(&self) -> String {
        self.read()
            .map(|state| state.member.clone())
            .unwrap_or_default()
    }

    /// What may be acted on at this instant.
    pub fn owned(&self) -> OwnedPartitions {
        match self.read() {
            None => OwnedPartitions::All,
            Some(state) => OwnedPartitions::Only(state.owned_at(Instant::now())),
        }
    }

    /// Why nothing can be done for now, where that is so.
    pub fn problem(&self) -> Option<&'static str> {
        let state = self.read()?;
        let over = state.until.is_none_or(|until| Instant::now() >= until);
        over.then_some("nothing is done, as leases on the shared store could not be renewed lately")
    }

    /// Whether papers of a partition are taken in: it is leased, loaded or not.
    pub fn owns_submissions_of(&self, partition: &Partition) -> bool {
        self.read()
            .is_none_or(|state| state.leased.contains(partition))
    }

    /// Begins anew under a name, with nothing. Gives what was held.
    pub(crate) fn join(&self, member: &str) -> HashSet<Partition> {
        self.change(|state| {
            let lost = std::mem::take(&mut state.leased);
            *state = State {
                member: member.to_owned(),
                ..State::default()
            };
            lost
        })
    }

    /// Enters the leases that the database has renewed or given until `until`.
    pub(crate) fn renewed(&self, leased: HashSet<Partition>, until: Instant) -> Change {
        self.change(|state| state.renewed(leased, until))
    }

    /// Notes that papers have been loaded.
    pub(crate) fn arrived(&self, partitions: &[Partition]) {
        self.change(|state| {
            let still = partitions.iter().filter(|b| state.leased.contains(b));
            let still: Vec<Partition> = still.copied().collect();
            state.ready.extend(still);
        });
    }

    /// Stops acting on these, to give them back, and on no others.
    pub(crate) fn leave(&self, partitions: &[Partition]) {
        self.change(|state| state.leaving = partitions.iter().copied().collect());
    }

    /// Partitions on the way out.
    pub(crate) fn leaving(&self) -> HashSet<Partition> {
        self.read()
            .map(|state| state.leaving.clone())
            .unwrap_or_default()
    }
}

impl State {
    fn owned_at(&self, now: Instant) -> HashSet<Partition> {
        if self.until.is_none_or(|until| now >= until) {
            return HashSet::new();
        }
        let held = self.ready.iter().filter(|b| !self.leaving.contains(b));
        held.copied().collect()
    }

    fn renewed(&mut self, leased: HashSet<Partition>, until: Instant) -> Change {
        let change = Change {
            gained: leased.difference(&self.leased).copied().collect(),
            lost: self.leased.difference(&leased).copied().collect(),
        };
        self.ready.retain(|partition| leased.contains(partition));
        self.leaving.retain(|partition| leased.contains(partition));
        self.leased = leased;
        self.until = Some(until);
        change
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
    fn a_lease_is_acted_on_once_its_papers_are_here_and_until_its_time_is_over() {
        let (some, now) = (partitions(2), Instant::now());
        let mut state = State::default();
        let change = state.renewed(set(&some), now + Duration::from_secs(5));
        assert_eq!(change.gained.len(), 2);
        assert!(state.owned_at(now).is_empty());
        state.ready.insert(some[0]);
        assert_eq!(state.owned_at(now), set(&some[..1]));
        assert!(state.owned_at(now + Duration::from_secs(5)).is_empty());
    }

    #[test]
    fn a_lease_that_is_not_renewed_is_lost_and_has_to_arrive_again() {
        let (some, now) = (partitions(2), Instant::now());
        let until = now + Duration::from_secs(5);
        let mut state = State::default();
        state.renewed(set(&some), until);
        state.ready.extend(&some);
        let change = state.renewed(set(&some[1..]), until);
        assert_eq!(change.lost, set(&some[..1]));
        let change = state.renewed(set(&some), until);
        assert_eq!(change.gained, some[..1]);
        assert_eq!(state.owned_at(now), set(&some[1..]));
    }

    #[test]
    fn what_is_on_the_way_out_is_not_acted_on() {
        let (some, now) = (partitions(2), Instant::now());
        let leases = LeaseSet::shared();
        leases.join("me");
        leases.renewed(set(&some), now + Duration::from_secs(60));
        leases.arrived(&some);
        leases.leave(&some[..1]);
        assert_eq!(leases.owned(), OwnedPartitions::Only(set(&some[1..])));
        assert!(leases.owns_submissions_of(&some[0]));
        assert_eq!(leases.join("me again"), set(&some));
        assert!(!leases.owns_submissions_of(&some[0]));
    }

    #[test]
    fn a_store_of_ones_own_is_held_whole() {
        let leases = LeaseSet::exclusive();
        assert_eq!(leases.owned(), OwnedPartitions::All);
        assert!(leases.owns_submissions_of(&partitions(1)[0]));
        assert_eq!(leases.member(), "");
    }
}
