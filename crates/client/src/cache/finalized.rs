//! Chosen accounts as finalized blocks have them, for acts that nothing can undo.
//!
//! The feed's cache is of confirmed blocks: quick, and in the worst case of a fork that loses. Whoever
//! is about to drop what may still be needed asks here for the accounts that it depends on, and does it
//! only once a finalized block says the same.

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

/// Time between two reads while something is requested.
const READ_INTERVAL: Duration = Duration::from_secs(1);

/// A cache of the accounts that are requested. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct FinalizedCache {
    rpc: Rpc,
    cache: Arc<RwLock<AccountCache>>,
    requested: Arc<watch::Sender<Requested>>,
}

/// Accounts that are requested, each with the slot from which on a finalized block without it says that it is
/// gone: an older one may not have it yet. What is there is what it is, however old the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Requested(BTreeMap<Pubkey, u64>);

impl Requested {
    /// From now on these, and no others. What was requested before is asked from the slot that it was.
    fn replace(&mut self, keys: &BTreeSet<Pubkey>, slot: u64) -> bool {
        let since = |key: &Pubkey| (*key, self.0.get(key).copied().unwrap_or(slot));
        let next = Self(keys.iter().map(since).collect());
        let changed = next != *self;
        *self = next;
        changed
    }

    /// Whether a block of this slot, with so much in an account, says anything.
    fn is_answered_by(&self, key: &Pubkey, slot: u64, data: &[u8]) -> bool {
        let since = self.0.get(key);
        since.is_some_and(|since| !data.is_empty() || slot >= *since)
    }
}

impl FinalizedCache {
    /// A cache of nothing; [`FinalizedCache::run`] keeps it.
    pub fn new(rpc: Rpc) -> Self {
        Self {
            rpc,
            cache: Arc::default(),
            requested: Arc::default(),
        }
    }

    /// The cache: what it does not know ([`AccountCache::has_seen`]) was not read yet.
    pub fn cache(&self) -> &RwLock<AccountCache> {
        &self.cache
    }

    /// From now on these accounts are read, and no others. `slot` is that of the cache by which they
    /// are requested: that an account is not in a finalized block before it says nothing.
    pub fn request(&self, keys: &BTreeSet<Pubkey>, slot: u64) {
        self.requested
            .send_if_modified(|requested| requested.replace(keys, slot));
    }

    /// Reads what is requested until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut requested = self.requested.subscribe();
        loop {
            let now = requested.borrow_and_update().clone();
            if let Err(error) = self.read(&now).await {
                debug!(%error, "reading what is final failed");
            }
            let next = async {
                match now.0.is_empty() {
                    true => std::future::pending().await,
                    false => tokio::time::sleep(READ_INTERVAL).await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // It is this type that sends.
                _ = requested.changed() => {}
                () = next => {}
            }
        }
    }

    /// Reads these accounts at once, and forgets all others. What was read before stays where the endpoint
    /// fails.
    async fn read(&self, requested: &Requested) -> Result<(), ChainError> {
        let mut cache = self.cache.write().await;
        cache.retain(|key| requested.0.contains_key(key));
        drop(cache);
        let keys: Vec<Pubkey> = requested.0.keys().copied().collect();
        for some in keys.chunks(100) {
            let finalized = CommitmentConfig::finalized();
            let reading = self.rpc.snapshot_at(some, finalized).await?;
            let mut cache = self.cache.write().await;
            for (address, data) in &reading.accounts {
                if requested.is_answered_by(address, reading.slot, data) {
                    cache.update(reading.slot, *address, data);
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
    fn that_an_account_is_gone_is_said_by_blocks_no_older_than_the_question() {
        let (first, second) = (Pubkey::new_unique(), Pubkey::new_unique());
        let gone = |requested: &Requested, key, slot| requested.is_answered_by(key, slot, &[]);
        let mut requested = Requested::default();
        assert!(requested.replace(&[first].into(), 100));
        assert!(!gone(&requested, &first, 99));
        assert!(gone(&requested, &first, 100));
        assert!(requested.is_answered_by(&first, 99, &[1]), "it is there");
        assert!(
            !requested.replace(&[first].into(), 150),
            "the same as before"
        );
        assert!(requested.replace(&[first, second].into(), 150));
        assert!(gone(&requested, &first, 100));
        assert!(!gone(&requested, &second, 149));
        assert!(requested.replace(&[second].into(), 160));
        assert!(!gone(&requested, &first, 200), "requested no more");
        assert!(!requested.is_answered_by(&first, 200, &[1]));
        assert!(requested.replace(&[first, second].into(), 170));
        assert!(!gone(&requested, &first, 169), "it is another question");
    }
}
