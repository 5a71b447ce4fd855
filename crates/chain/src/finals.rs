//! Chosen accounts as finalized blocks have them, for acts that nothing can undo.
//!
//! The feed's picture is of confirmed blocks: quick, and in the worst case of a fork that loses. Whoever
//! is about to drop what may still be needed asks here for the accounts that it depends on, and does it
//! only once a finalized block says the same.

use crate::error::ChainError;
use crate::picture::Picture;
use crate::rpc::Rpc;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::pubkey::Pubkey;
use std::collections::BTreeSet;
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
    wanted: Arc<watch::Sender<BTreeSet<Pubkey>>>,
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

    /// From now on these accounts are read, and no others.
    pub fn want(&self, keys: BTreeSet<Pubkey>) {
        self.wanted.send_if_modified(|wanted| {
            let changed = *wanted != keys;
            *wanted = keys;
            changed
        });
    }

    /// Reads what is wanted until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut wanted = self.wanted.subscribe();
        loop {
            let keys: Vec<Pubkey> = wanted.borrow_and_update().iter().copied().collect();
            if let Err(error) = self.read(&keys).await {
                debug!(%error, "reading what is final failed");
            }
            let next = async {
                match keys.is_empty() {
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

    /// Reads these accounts at once, and forgets all others.
    ///
    /// # Errors
    /// Those of the endpoint; what was read before it stays.
    pub async fn read(&self, keys: &[Pubkey]) -> Result<(), ChainError> {
        let kept: BTreeSet<&Pubkey> = keys.iter().collect();
        self.picture.write().await.retain(|key| kept.contains(key));
        for some in keys.chunks(100) {
            let finalized = CommitmentConfig::finalized();
            let reading = self.rpc.read_some_at(some, finalized).await?;
            let mut picture = self.picture.write().await;
            for (address, data) in &reading.accounts {
                picture.update(reading.slot, *address, data);
            }
        }
        Ok(())
    }
}
