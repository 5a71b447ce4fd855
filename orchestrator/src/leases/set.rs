//! The partitions that this orchestrator owns, and until when. [`super::manager`] renews them.

use crate::leases::fence::{Fence, LeaseTokens};
use crate::leases::partition::{OwnedPartitions, Partition};
use parking_lot::{RwLock, RwLockReadGuard};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The partitions that this orchestrator owns now. Clones share their state.
#[derive(Clone)]
pub(crate) struct LeaseSet {
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
    /// Leased as of the last renewal, with the epochs of the leases.
    leased: HashMap<Partition, u64>,
    /// The leased partitions whose submissions have been loaded.
    ready: HashSet<Partition>,
    /// The leased partitions that are given back as soon as no action is in flight for them.
    draining: HashSet<Partition>,
}

/// How a renewal changed the set of leased partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseChange {
    /// New partitions, whose submissions have to be loaded.
    pub gained: Vec<Partition>,
    /// Lost partitions, whose submissions have to be dropped from memory.
    pub lost: HashSet<Partition>,
}

impl LeaseSet {
    /// For a store that no other orchestrator uses.
    pub(crate) fn exclusive() -> Self {
        Self {
            state: None,
            changes: watch::Sender::new(0),
        }
    }

    /// For a shared store. Owns nothing until leases are taken.
    pub(crate) fn shared() -> Self {
        Self {
            state: Some(Arc::default()),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that increases when the set changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
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
    pub(crate) fn member(&self) -> String {
        self.read()
            .map(|state| state.member.clone())
            .unwrap_or_default()
    }

    /// The partitions that may be acted on at this instant.
    pub(crate) fn owned(&self) -> OwnedPartitions {
        match self.read() {
            None => OwnedPartitions::All,
            Some(state) => OwnedPartitions::Only(state.owned_at(Instant::now())),
        }
    }

    /// Why this orchestrator cannot act at all, if so.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let state = self.read()?;
        let expired = state.until.is_none_or(|until| Instant::now() >= until);
        expired.then_some("leases on the shared store were not renewed in time; no work is started")
    }

    /// Whether this orchestrator records submissions of a partition. True from the moment that the
    /// partition is leased, even before earlier submissions have been loaded.
    pub(crate) fn owns_submissions_of(&self, partition: &Partition) -> bool {
        self.read()
            .is_none_or(|state| state.leased.contains_key(partition))
    }

    /// The fence for writing submissions of a partition; `None` if this orchestrator does not own them. An
    /// unknown partition is only owned if no other orchestrator uses the store.
    pub(crate) fn fence(&self, partition: Option<Partition>) -> Option<Fence> {
        let Some(state) = self.read() else {
            return Some(Fence::exclusive(partition));
        };
        let partition = partition?;
        let epoch = state.leased.get(&partition)?;
        Some(Fence::leased(partition, &state.member, *epoch))
    }

    /// The leases held now, for writes that are decided now.
    pub(crate) fn tokens(&self) -> LeaseTokens {
        match self.read() {
            None => LeaseTokens::Exclusive,
            Some(state) => LeaseTokens::Shared {
                member: state.member.clone(),
                epochs: state.leased.clone(),
            },
        }
    }

    pub(crate) fn is_exclusive(&self) -> bool {
        self.state.is_none()
    }

    /// Starts over under another id, without leases. Returns the partitions that were leased.
    pub(crate) fn join(&self, member: &str) -> HashSet<Partition> {
        self.change(|state| {
            let lost = std::mem::take(&mut state.leased).into_keys().collect();
            *state = LeaseState {
                member: member.to_owned(),
                ..LeaseState::default()
            };
            lost
        })
    }

    /// Applies the leases that the database granted until `until`.
    pub(crate) fn apply_renewal(
        &self,
        leased: HashMap<Partition, u64>,
        until: Instant,
    ) -> LeaseChange {
        self.change(|state| state.apply_renewal(leased, until))
    }

    /// Marks partitions as ready: their submissions have been loaded.
    pub(crate) fn mark_ready(&self, partitions: &[Partition]) {
        self.change(|state| {
            let leased = partitions.iter().filter(|p| state.leased.contains_key(p));
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

    fn apply_renewal(&mut self, leased: HashMap<Partition, u64>, until: Instant) -> LeaseChange {
        // A lease with another epoch was lost in between, and its submissions may have changed.
        let change = LeaseChange {
            gained: missing_from(&self.leased, &leased).collect(),
            lost: missing_from(&leased, &self.leased).collect(),
        };
        self.ready
            .retain(|p| leased.contains_key(p) && !change.lost.contains(p));
        self.draining
            .retain(|p| leased.contains_key(p) && !change.lost.contains(p));
        self.leased = leased;
        self.until = Some(until);
        change
    }
}

/// The partitions of `leases` that `others` does not have with the same epoch.
fn missing_from(
    others: &HashMap<Partition, u64>,
    leases: &HashMap<Partition, u64>,
) -> impl Iterator<Item = Partition> {
    leases
        .iter()
        .filter(|(partition, epoch)| others.get(partition) != Some(epoch))
        .map(|(partition, _)| *partition)
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

    fn epochs(partitions: &[Partition], epoch: u64) -> HashMap<Partition, u64> {
        partitions.iter().map(|p| (*p, epoch)).collect()
    }

    #[test]
    fn a_partition_is_owned_once_loaded_and_until_its_lease_expires() {
        let (leased, now) = (partitions(2), Instant::now());
        let mut state = LeaseState::default();
        let change = state.apply_renewal(epochs(&leased, 1), now + Duration::from_secs(5));
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
        state.apply_renewal(epochs(&leased, 1), until);
        state.ready.extend(&leased);
        let change = state.apply_renewal(epochs(&leased[1..], 1), until);
        assert_eq!(change.lost, set(&leased[..1]));
        let change = state.apply_renewal(epochs(&leased, 1), until);
        assert_eq!(change.gained, leased[..1]);
        assert_eq!(state.owned_at(now), set(&leased[1..]));
    }

    #[test]
    fn a_partition_with_a_new_epoch_was_lost_and_has_to_be_loaded_again() {
        let (leased, now) = (partitions(1), Instant::now());
        let until = now + Duration::from_secs(5);
        let mut state = LeaseState::default();
        state.apply_renewal(epochs(&leased, 1), until);
        state.ready.extend(&leased);
        let change = state.apply_renewal(epochs(&leased, 2), until);
        assert_eq!((change.gained, change.lost), (leased.clone(), set(&leased)));
        assert!(state.owned_at(now).is_empty());
    }

    #[test]
    fn fences_have_the_epoch_of_the_moment() {
        let leased = partitions(2);
        let leases = LeaseSet::shared();
        leases.join("me");
        leases.apply_renewal(epochs(&leased[..1], 1), Instant::now());
        let before = leases.tokens();
        leases.apply_renewal(epochs(&leased, 2), Instant::now());
        let first = |epoch| Some(Fence::leased(leased[0], "me", epoch));
        assert_eq!(before.fence(leased[0]), first(1));
        assert_eq!(before.fence(leased[1]), None);
        assert_eq!(leases.fence(Some(leased[0])), first(2));
        assert_eq!(leases.fence(None), None);
        let exclusive = LeaseSet::exclusive();
        assert_eq!(exclusive.fence(None), Some(Fence::exclusive(None)));
    }

    #[test]
    fn a_draining_partition_is_not_acted_on() {
        let (leased, now) = (partitions(2), Instant::now());
        let leases = LeaseSet::shared();
        leases.join("me");
        leases.apply_renewal(epochs(&leased, 1), now + Duration::from_secs(60));
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
