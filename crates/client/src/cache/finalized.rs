//! Chosen accounts as finalized blocks have them, for acts that nothing can undo.
//!
//! The feed's picture is of confirmed blocks: quick, and in the worst case of a fork that loses. Whoever
//! is about to drop what may still be needed asks here for the accounts that it depends on, and does it
//! only once a finalized block says the same.

use crate::cache::accounts::Picture;
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

/// Time between two reads while something is wanted.
const READ_EVERY: Duration = Duration::from_secs(1);

/// A picture of the accounts that are wanted. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Finals {
    rpc: Rpc,
    picture: Arc<RwLock<Picture>>,
    wanted: Arc<watch::Sender<Wanted>>,
}

/// Accounts that are wanted, each with the slot from which on a finalized block without it says that it is
/// gone: an older one may not have it yet. What is there is what it is, however old the block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted(BTreeMap<Pubkey, u64>);

impl Wanted {
    /// From now on these, and no others. What was wanted before is asked from the slot that it was.
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

impl Finals {
    /// A picture of nothing; [`Finals::run`] keeps it.
    pub fn new(rpc: Rpc) -> Self {
        Self {
            rpc,
            picture: Arc::default(),
            wanted: Arc::default(),
        }
    }

    /// The picture: what it does not know ([`Picture::knows`]) was not read yet.
    pub fn picture(&self) -> &RwLock<Picture> {
        &self.picture
    }

    /// From now on these accounts are read, and no others. `slot` is that of the picture by which they
    /// are wanted: that an account is not in a finalized block before it says nothing.
    pub fn want(&self, keys: &BTreeSet<Pubkey>, slot: u64) {
        self.wanted
            .send_if_modified(|wanted| wanted.replace(keys, slot));
    }

    /// Reads what is wanted until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut wanted = self.wanted.subscribe();
        loop {
            let now = wanted.borrow_and_update().clone();
            if let Err(error) = self.read(&now).await {
                debug!(%error, "reading what is final failed");
            }
            let next = async {
                match now.0.is_empty() {
                    true => std::future::pending().await,
                    false => tokio::time::sleep(READ_EVERY).await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                // It is this type that sends.
                _ = wanted.changed() => {}
                () = next => {}
            }
        }
    }

    /// Reads these accounts at once, and forgets all others. What was read before stays where the endpoint
    /// fails.
    async fn read(&self, wanted: &Wanted) -> Result<(), ChainError> {
        let mut picture = self.picture.write().await;
        picture.retain(|key| wanted.0.contains_key(key));
        drop(picture);
        let keys: Vec<Pubkey> = wanted.0.keys().copied().collect();
        for some in keys.chunks(100) {
            let finalized = CommitmentConfig::finalized();
            let reading = self.rpc.read_some_at(some, finalized).await?;
            let mut picture = self.picture.write().await;
            for (address, data) in &reading.accounts {
                if wanted.is_answered_by(address, reading.slot, data) {
                    picture.update(reading.slot, *address, data);
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
        let gone = |wanted: &Wanted, key, slot| wanted.is_answered_by(key, slot, &[]);
        let mut wanted = Wanted::default();
        assert!(wanted.replace(&[first].into(), 100));
        assert!(!gone(&wanted, &first, 99));
        assert!(gone(&wanted, &first, 100));
        assert!(wanted.is_answered_by(&first, 99, &[1]), "it is there");
        assert!(!wanted.replace(&[first].into(), 150), "the same as before");
        assert!(wanted.replace(&[first, second].into(), 150));
        assert!(gone(&wanted, &first, 100));
        assert!(!gone(&wanted, &second, 149));
        assert!(wanted.replace(&[second].into(), 160));
        assert!(!gone(&wanted, &first, 200), "wanted no more");
        assert!(!wanted.is_answered_by(&first, 200, &[1]));
        assert!(wanted.replace(&[first, second].into(), 170));
        assert!(!gone(&wanted, &first, 169), "it is another question");
    }
}
