//! After a transaction was confirmed: it stays in the journal until nothing can undo it, and is sent
//! again where a fork has dropped it.

use super::confirmation::{EndpointView, has_expired};
use super::{Sender, decode};
use crate::error::ChainError;
use crate::tx::journal::{EndState, JournalEntry};
use solana_sdk::signature::Signature;
use std::collections::HashSet;
use std::sync::MutexGuard;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often it is looked whether what was confirmed is final.
const FINALITY_INTERVAL: Duration = Duration::from_secs(2);
/// Most signatures in one question.
const MAX_STATUS_SIGNATURES: usize = 256;

/// A transaction that was confirmed, with the slot of its block.
#[derive(Clone)]
pub(super) struct Unfinalized {
    pub(super) entry: JournalEntry,
    pub(super) slot: u64,
}

impl Sender {
    pub(super) fn unfinalized(&self) -> MutexGuard<'_, Vec<Unfinalized>> {
        // A poisoned lock still holds whole entries.
        self.unfinalized
            .lock()
            .unwrap_or_else(|held| held.into_inner())
    }

    /// How many transactions are confirmed and not yet final.
    pub fn unfinalized_count(&self) -> usize {
        self.unfinalized().len()
    }

    /// Follows what was confirmed until it is final, and until `stop`. What is not final by then stays
    /// in the journal, for [`Sender::recover`].
    pub async fn track_finality(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FINALITY_INTERVAL) => {}
            }
            if let Err(error) = self.check_finality().await {
                debug!(%error, "looking after confirmed transactions failed");
            }
        }
    }

    /// Looks once at every confirmed transaction that is not final.
    ///
    /// # Errors
    /// Those of the endpoint and the journal; what was not looked at is checked again next time.
    pub async fn check_finality(&self) -> Result<(), ChainError> {
        let unfinalized: Vec<Unfinalized> = self.unfinalized().clone();
        for some in unfinalized.chunks(MAX_STATUS_SIGNATURES) {
            let signature = |one: &Unfinalized| one.entry.signature.parse::<Signature>().ok();
            let signatures: Vec<Signature> = some.iter().filter_map(signature).collect();
            let sights = self.look(&signatures, true).await?;
            let mut ended = HashSet::new();
            for (one, sight) in some.iter().zip(&sights) {
                if let Some(ending) = self.settled_state(one, sight).await {
                    self.journal.end(&one.entry.signature, ending).await?;
                    ended.insert(&one.entry.signature);
                }
            }
            self.unfinalized()
                .retain(|one| !ended.contains(&one.entry.signature));
        }
        Ok(())
    }

    /// Returns how it ended, where nothing can change that.
    async fn settled_state(&self, one: &Unfinalized, sight: &EndpointView) -> Option<EndState> {
        if let Some(status) = &sight.status {
            let ending = match status.err {
                None => EndState::Landed,
                Some(_) => EndState::Failed,
            };
            return sight.is_final().then_some(ending);
        }
        // An endpoint that lags does not see it yet.
        if sight.view < one.slot {
            return None;
        }
        let signature = &one.entry.signature;
        let expiry_slot = self.expiry_slot(one.entry.last_valid_block_height).await;
        if has_expired(Some(sight), expiry_slot) {
            let purpose = &one.entry.purpose;
            warn!(
                signature,
                purpose, "a fork has dropped a transaction for good"
            );
            return Some(EndState::Expired);
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
