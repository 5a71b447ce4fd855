//! After a transaction was confirmed: it stays in the journal until nothing can undo it, and is sent
//! again where a fork has dropped it.

use super::confirmation::{Sight, is_gone};
use super::{Sender, decode};
use crate::error::ChainError;
use crate::tx::journal::{Ending, Entry};
use solana_sdk::signature::Signature;
use std::collections::HashSet;
use std::sync::MutexGuard;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often it is looked whether what was confirmed is final.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Most signatures in one question.
const MOST_SIGNATURES: usize = 256;

/// A transaction that was confirmed, with the slot of its block.
#[derive(Clone)]
pub(super) struct Followed {
    pub(super) entry: Entry,
    pub(super) slot: u64,
}

impl Sender {
    pub(super) fn followed(&self) -> MutexGuard<'_, Vec<Followed>> {
        // A poisoned lock still holds whole entries.
        self.followed
            .lock()
            .unwrap_or_else(|held| held.into_inner())
    }

    /// How many transactions are confirmed and not yet final.
    pub fn unfinal(&self) -> usize {
        self.followed().len()
    }

    /// Follows what was confirmed until it is final, and until `stop`. What is not final by then stays
    /// in the journal, for [`Sender::recover`].
    pub async fn follow(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if let Err(error) = self.follow_once().await {
                debug!(%error, "looking after confirmed transactions failed");
            }
        }
    }

    /// Looks once at everything that is followed.
    ///
    /// # Errors
    /// Those of the endpoint and the journal; what was not looked at is followed on.
    pub async fn follow_once(&self) -> Result<(), ChainError> {
        let followed: Vec<Followed> = self.followed().clone();
        for some in followed.chunks(MOST_SIGNATURES) {
            let signature = |one: &Followed| one.entry.signature.parse::<Signature>().ok();
            let signatures: Vec<Signature> = some.iter().filter_map(signature).collect();
            let sights = self.look(&signatures, true).await?;
            let mut ended = HashSet::new();
            for (one, sight) in some.iter().zip(&sights) {
                if let Some(ending) = self.look_after(one, sight).await {
                    self.journal.end(&one.entry.signature, ending).await?;
                    ended.insert(&one.entry.signature);
                }
            }
            self.followed()
                .retain(|one| !ended.contains(&one.entry.signature));
        }
        Ok(())
    }

    /// Returns how it ended, where nothing can change that.
    async fn look_after(&self, one: &Followed, sight: &Sight) -> Option<Ending> {
        if let Some(status) = &sight.status {
            let ending = match status.err {
                None => Ending::Landed,
                Some(_) => Ending::Failed,
            };
            return sight.is_final().then_some(ending);
        }
        // An endpoint that lags does not see it yet.
        if sight.view < one.slot {
            return None;
        }
        let signature = &one.entry.signature;
        let over_at = self.over_at(one.entry.last_valid_block_height).await;
        if is_gone(Some(sight), over_at) {
            let purpose = &one.entry.purpose;
            warn!(
                signature,
                purpose, "a fork has dropped a transaction for good"
            );
            return Some(Ending::Expired);
        }
        warn!(
            signature,
            "a fork has dropped a transaction, sending it again"
        );
        if let Ok(transaction) = decode(&one.entry.bytes) {
            self.push(&transaction).await;
        }
        None
    }
}
