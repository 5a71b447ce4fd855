//! Confirmed transactions until they are final: they stay in the journal, and are sent again if a fork
//! drops them.

use super::confirmation::Confirmer;
use super::statuses::EndpointView;
use crate::error::ChainError;
use crate::tx::codec::decode;
use crate::tx::journal::{EndState, Journal, JournalEntry};
use parking_lot::Mutex;
use solana_sdk::signature::Signature;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

const FINALITY_INTERVAL: Duration = Duration::from_secs(2);

/// A confirmed transaction and the slot of its block.
#[derive(Clone)]
struct Unfinalized {
    entry: JournalEntry,
    signature: Signature,
    slot: u64,
}

/// All transactions that are confirmed and not final.
#[derive(Clone)]
pub(super) struct FinalityTracker {
    journal: Arc<dyn Journal>,
    transactions: Arc<Mutex<Vec<Unfinalized>>>,
}

impl FinalityTracker {
    pub(super) fn new(journal: Arc<dyn Journal>) -> Self {
        Self {
            journal,
            transactions: Arc::default(),
        }
    }

    pub(super) fn add(&self, entry: JournalEntry, signature: Signature, slot: u64) {
        let transaction = Unfinalized {
            entry,
            signature,
            slot,
        };
        self.transactions.lock().push(transaction);
    }

    pub(super) fn len(&self) -> usize {
        self.transactions.lock().len()
    }

    /// Checks all transactions every [`FINALITY_INTERVAL`] until `stop`.
    pub(super) async fn run(&self, confirmer: &Confirmer, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FINALITY_INTERVAL) => {}
            }
            if let Err(error) = self.check(confirmer).await {
                debug!(%error, "failed to check confirmed transactions");
            }
        }
    }

    /// Checks all transactions once. After an error, those that were not checked are kept.
    pub(super) async fn check(&self, confirmer: &Confirmer) -> Result<(), ChainError> {
        let tracked = self.transactions.lock().clone();
        let signatures: Vec<Signature> = tracked.iter().map(|one| one.signature).collect();
        let views = confirmer.statuses(&signatures).await?;
        let mut ended = HashSet::new();
        for (one, view) in tracked.iter().zip(&views) {
            if let Some(state) = final_state(confirmer, one, view).await {
                self.journal.end(&one.entry.signature, state).await?;
                ended.insert(one.signature);
            }
        }
        let mut transactions = self.transactions.lock();
        transactions.retain(|one| !ended.contains(&one.signature));
        Ok(())
    }
}

/// How a transaction ended, if nothing can change it any more. Sends it again if a fork dropped it and it
/// can still land.
async fn final_state(
    confirmer: &Confirmer,
    one: &Unfinalized,
    view: &EndpointView,
) -> Option<EndState> {
    let (signature, entry) = (one.signature, &one.entry);
    if let Some(status) = &view.status {
        let state = match status.err {
            None => EndState::Landed,
            Some(_) => EndState::Failed,
        };
        return view.is_finalized().then_some(state);
    }
    // An endpoint that lags does not have it yet.
    if view.slot < one.slot {
        return None;
    }
    let expiry_slot = confirmer.expiry_slot(entry.last_valid_block_height).await;
    if view.is_expired(expiry_slot) {
        warn!(%signature, entry.purpose, "transaction dropped by a fork; expired");
        return Some(EndState::Expired);
    }
    warn!(%signature, entry.purpose, "transaction dropped by a fork; sending it again");
    if let Ok(transaction) = decode(&entry.bytes) {
        confirmer.submit(&transaction).await;
    }
    None
}
