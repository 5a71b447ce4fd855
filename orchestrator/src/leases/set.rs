//! What this orchestrator holds of a shared store, and until when. [`keeper`] renews it.

use crate::leases::partition::Bucket;

use crate::leases::partition::Held;
use std::collections::HashSet;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use tokio::sync::watch;

/// What is held now. Clones are the same.
#[derive(Clone)]
pub struct Tenure {
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
    leased: HashSet<Bucket>,
    /// Among them, those whose papers have been loaded.
    ready: HashSet<Bucket>,
    /// Among them, those that are given back as soon as nothing is under way for them.
    leaving: HashSet<Bucket>,
}

/// How a renewal has changed what is leased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New ones: their papers are to be loaded.
    pub gained: Vec<Bucket>,
    /// Lost ones: their papers are to be dropped.
    pub lost: HashSet<Bucket>,
}

impl Tenure {
    /// Of a store that nobody shares.
    pub fn whole() -> Self {
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
    pub fn held(&self) -> Held {
        match self.read() {
            None => Held::All,
            Some(state) => Held::Only(state.held_at(Instant::now())),
        }
    }

    /// Why nothing can be done for now, where that is so.
    pub fn problem(&self) -> Option<&'static str> {
        let state = self.read()?;
        let over = state.until.is_none_or(|until| Instant::now() >= until);
        over.then_some("nothing is done, as leases on the shared store could not be renewed lately")
    }

    /// Whether papers of a bucket are taken in: it is leased, loaded or not.
    pub fn takes_in(&self, bucket: &Bucket) -> bool {
        self.read()
            .is_none_or(|state| state.leased.contains(bucket))
    }

    /// Begins anew under a name, with nothing. Gives what was held.
    pub(crate) fn join(&self, member: &str) -> HashSet<Bucket> {
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
    pub(crate) fn renewed(&self, leased: HashSet<Bucket>, until: Instant) -> Change {
        self.change(|state| state.renewed(leased, until))
    }

    /// Notes that papers have been loaded.
    pub(crate) fn arrived(&self, buckets: &[Bucket]) {
        self.change(|state| {
            let still = buckets.iter().filter(|b| state.leased.contains(b));
            let still: Vec<Bucket> = still.copied().collect();
            state.ready.extend(still);
        });
    }

    /// Stops acting on these, to give them back, and on no others.
    pub(crate) fn leave(&self, buckets: &[Bucket]) {
        self.change(|state| state.leaving = buckets.iter().copied().collect());
    }

    /// Buckets on the way out.
    pub(crate) fn leaving(&self) -> HashSet<Bucket> {
        self.read()
            .map(|state| state.leaving.clone())
            .unwrap_or_default()
    }
}

impl State {
    fn held_at(&self, now: Instant) -> HashSet<Bucket> {
        if self.until.is_none_or(|until| now >= until) {
            return HashSet::new();
        }
        let held = self.ready.iter().filter(|b| !self.leaving.contains(b));
        held.copied().collect()
    }

    fn renewed(&mut self, leased: HashSet<Bucket>, until: Instant) -> Change {
        let change = Change {
            gained: leased.difference(&self.leased).copied().collect(),
            lost: self.leased.difference(&leased).copied().collect(),
        };
        self.ready.retain(|bucket| leased.contains(bucket));
        self.leaving.retain(|bucket| leased.contains(bucket));
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

    fn buckets(count: usize) -> Vec<Bucket> {
        Bucket::all_for(&Pubkey::default()).take(count).collect()
    }

    fn set(buckets: &[Bucket]) -> HashSet<Bucket> {
        buckets.iter().copied().collect()
    }

    #[test]
    fn a_lease_is_acted_on_once_its_papers_are_here_and_until_its_time_is_over() {
        let (some, now) = (buckets(2), Instant::now());
        let mut state = State::default();
        let change = state.renewed(set(&some), now + Duration::from_secs(5));
        assert_eq!(change.gained.len(), 2);
        assert!(state.held_at(now).is_empty());
        state.ready.insert(some[0]);
        assert_eq!(state.held_at(now), set(&some[..1]));
        assert!(state.held_at(now + Duration::from_secs(5)).is_empty());
    }

    #[test]
    fn a_lease_that_is_not_renewed_is_lost_and_has_to_arrive_again() {
        let (some, now) = (buckets(2), Instant::now());
        let until = now + Duration::from_secs(5);
        let mut state = State::default();
        state.renewed(set(&some), until);
        state.ready.extend(&some);
        let change = state.renewed(set(&some[1..]), until);
        assert_eq!(change.lost, set(&some[..1]));
        let change = state.renewed(set(&some), until);
        assert_eq!(change.gained, some[..1]);
        assert_eq!(state.held_at(now), set(&some[1..]));
    }

    #[test]
    fn what_is_on_the_way_out_is_not_acted_on() {
        let (some, now) = (buckets(2), Instant::now());
        let tenure = Tenure::shared();
        tenure.join("me");
        tenure.renewed(set(&some), now + Duration::from_secs(60));
        tenure.arrived(&some);
        tenure.leave(&some[..1]);
        assert_eq!(tenure.held(), Held::Only(set(&some[1..])));
        assert!(tenure.takes_in(&some[0]));
        assert_eq!(tenure.join("me again"), set(&some));
        assert!(!tenure.takes_in(&some[0]));
    }

    #[test]
    fn a_store_of_ones_own_is_held_whole() {
        let tenure = Tenure::whole();
        assert_eq!(tenure.held(), Held::All);
        assert!(tenure.takes_in(&buckets(1)[0]));
        assert_eq!(tenure.member(), "");
    }
}
