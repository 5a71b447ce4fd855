//! Selected accounts as of finalized blocks, for actions that cannot be undone.
//!
//! The [`Feed`](super::subscription::Feed)'s cache follows confirmed blocks: it is fast, and in the worst
//! case shows a fork that loses. Before dropping data that may still be needed, request the accounts that
//! the decision depends on here, and wait until a finalized block agrees.

use crate::cache::accounts::AccountCache;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{RwLock, watch};
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// Time between two reads while any account is requested.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// Most accounts of one read.
const MAX_ACCOUNTS: usize = 100;

/// A cache of the requested accounts. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct FinalizedCache {
    rpc: Rpc,
    cache: Arc<RwLock<AccountCache>>,
    requested: Arc<watch::Sender<Requested>>,
}

/// Requested accounts, each with the minimum slot at which absence from a finalized block proves that the
/// account was closed. Before that slot the account may simply not exist yet. An account that is present
/// counts at any slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Requested(BTreeMap<Pubkey, u64>);

impl Requested {
    /// Replaces the requested accounts. Those that were requested before keep their minimum slot. Returns
    /// whether anything changed.
    fn replace(&mut self, keys: &BTreeSet<Pubkey>, slot: u64) -> bool {
        let min_slot = |key: &Pubkey| (*key, self.0.get(key).copied().unwrap_or(slot));
        let next = Self(keys.iter().map(min_slot).collect());
        let changed = next != *self;
        *self = next;
        changed
    }

    /// Whether a block of this slot, in which the account has these bytes, is conclusive.
    fn accepts(&self, key: &Pubkey, slot: u64, data: &[u8]) -> bool {
        let min_slot = self.0.get(key);
        min_slot.is_some_and(|min_slot| !data.is_empty() || slot >= *min_slot)
    }
}

impl FinalizedCache {
    /// An empty cache. [`FinalizedCache::run`] fills it.
    pub fn new(rpc: Rpc) -> Self {
        Self {
            rpc,
            cache: Arc::default(),
            requested: Arc::default(),
        }
    }

    /// The cache. Accounts for which [`AccountCache::has_seen`] is false were not read yet.
    pub fn cache(&self) -> &RwLock<AccountCache> {
        &self.cache
    }

    /// Reads these accounts from now on, and no others. `slot` is that of the confirmed cache that led to
    /// the request: absence of an account from an older finalized block proves nothing.
    pub fn request(&self, keys: &BTreeSet<Pubkey>, slot: u64) {
        self.requested
            .send_if_modified(|requested| requested.replace(keys, slot));
    }

    /// Reads the requested accounts, at once after each change and then every second, until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut requested = self.requested.subscribe();
        loop {
            let current = requested.borrow_and_update().clone();
            if let Err(error) = self.read(&current).await {
                debug!(%error, "failed to read finalized accounts");
            }
            let next_read = async {
                if current.0.is_empty() {
                    std::future::pending().await
                } else {
                    tokio::time::sleep(READ_INTERVAL).await
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // Never fails: `self` holds the sender.
                _ = requested.changed() => {}
                () = next_read => {}
            }
        }
    }

    /// Reads the requested accounts once and drops all others. After an error, accounts that were read
    /// before are kept.
    async fn read(&self, requested: &Requested) -> Result<(), ChainError> {
        let mut cache = self.cache.write().await;
        cache.retain(|key| requested.0.contains_key(key));
        drop(cache);
        let keys: Vec<Pubkey> = requested.0.keys().copied().collect();
        for some in keys.chunks(MAX_ACCOUNTS) {
            let finalized = CommitmentConfig::finalized();
            let snapshot = self.rpc.snapshot_at(some, finalized).await?;
            let mut cache = self.cache.write().await;
            for (address, data) in &snapshot.accounts {
                if requested.accepts(address, snapshot.slot, data) {
                    cache.update(snapshot.slot, *address, data);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_only_accepted_from_blocks_no_older_than_the_request() {
        let (first, second) = (Pubkey::new_unique(), Pubkey::new_unique());
        let closed = |requested: &Requested, key, slot| requested.accepts(key, slot, &[]);
        let mut requested = Requested::default();
        assert!(requested.replace(&[first].into(), 100));
        assert!(!closed(&requested, &first, 99));
        assert!(closed(&requested, &first, 100));
        assert!(requested.accepts(&first, 99, &[1]), "it exists");
        assert!(!requested.replace(&[first].into(), 150), "nothing changed");
        assert!(requested.replace(&[first, second].into(), 150));
        assert!(closed(&requested, &first, 100));
        assert!(!closed(&requested, &second, 149));
        assert!(requested.replace(&[second].into(), 160));
        assert!(!closed(&requested, &first, 200), "no longer requested");
        assert!(!requested.accepts(&first, 200, &[1]));
        assert!(requested.replace(&[first, second].into(), 170));
        assert!(!closed(&requested, &first, 169), "requested a second time");
    }
}
