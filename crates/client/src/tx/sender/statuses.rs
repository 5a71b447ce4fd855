//! What endpoints report about transactions.
//!
//! Concurrent questions about single signatures are merged: while a request is in flight further
//! signatures queue up, and the next request asks for all of them.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use parking_lot::Mutex;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::signature::Signature;
use solana_sdk::transaction::TransactionError;
use solana_transaction_status_client_types::{TransactionConfirmationStatus, TransactionStatus};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::Instant;
use tracing::debug;

/// Most signatures of one status request.
const MAX_STATUS_SIGNATURES: usize = 256;
/// Status requests in flight at the same time, so that one that hangs does not hold up all others.
const MAX_STATUS_REQUESTS: usize = 4;

/// Outcome of a transaction.
pub(super) enum TxOutcome {
    /// It is in a confirmed block of this slot.
    Landed { slot: u64 },
    /// It is in a confirmed block and failed.
    Failed { error: TransactionError, slot: u64 },
    /// It can no longer land.
    Expired,
}

/// What an endpoint reports about a transaction.
pub(super) struct EndpointView {
    /// The slot up to which the endpoint has processed the chain.
    pub(super) slot: u64,
    /// `None` if the endpoint does not have the transaction.
    pub(super) status: Option<TransactionStatus>,
}

impl EndpointView {
    /// The outcome, if a confirmed block decides it.
    pub(super) fn outcome(&self) -> Option<TxOutcome> {
        let status = self.status.as_ref()?;
        if !status.satisfies_commitment(CommitmentConfig::confirmed()) {
            return None;
        }
        let slot = status.slot;
        Some(match status.err.clone() {
            Some(error) => TxOutcome::Failed { error, slot },
            None => TxOutcome::Landed { slot },
        })
    }

    pub(super) fn is_finalized(&self) -> bool {
        let Some(status) = &self.status else {
            return false;
        };
        match &status.confirmation_status {
            Some(level) => *level == TransactionConfirmationStatus::Finalized,
            // Old endpoints report the confirmations that are still counted; none are for a final one.
            None => status.confirmations.is_none(),
        }
    }

    /// Whether a transaction that could land no later than in `expiry_slot` has not landed: the endpoint
    /// has processed that slot and does not have the transaction.
    pub(super) fn is_expired(&self, expiry_slot: Option<u64>) -> bool {
        expiry_slot.is_some_and(|expiry| self.status.is_none() && self.slot >= expiry)
    }
}

struct Question {
    signature: Signature,
    answer: oneshot::Sender<EndpointView>,
}

/// Questions that wait for the next request.
struct Queue {
    questions: Mutex<Vec<Question>>,
    requests: Semaphore,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            questions: Mutex::default(),
            requests: Semaphore::new(MAX_STATUS_REQUESTS),
        }
    }
}

impl Queue {
    fn take(&self) -> Vec<Question> {
        let mut waiting = self.questions.lock();
        let count = waiting.len().min(MAX_STATUS_SIGNATURES);
        waiting.drain(..count).collect()
    }
}

/// A finalized block.
#[derive(Clone, Copy)]
struct Finalized {
    slot: u64,
    height: u64,
    read_at: Instant,
}

#[derive(Clone)]
pub(super) struct Statuses {
    rpc: Rpc,
    recent: Arc<Queue>,
    with_history: Arc<Queue>,
    finalized: Arc<tokio::sync::Mutex<Option<Finalized>>>,
}

impl Statuses {
    pub(super) fn new(rpc: Rpc) -> Self {
        Self {
            rpc,
            recent: Arc::default(),
            with_history: Arc::default(),
            finalized: Arc::default(),
        }
    }

    /// What an endpoint reports about one transaction. `None` if no endpoint answered. With `history`,
    /// transactions that left the endpoint's cache of recent statuses are found too.
    pub(super) async fn one(&self, signature: Signature, history: bool) -> Option<EndpointView> {
        let queue = if history {
            &self.with_history
        } else {
            &self.recent
        };
        let (answer, mut answered) = oneshot::channel();
        queue.questions.lock().push(Question { signature, answer });
        loop {
            let permit = tokio::select! {
                biased;
                view = &mut answered => return view.ok(),
                permit = queue.requests.acquire() => permit,
            };
            let questions = queue.take();
            if questions.is_empty() {
                // This one is part of another request in flight.
                drop(permit);
                return answered.await.ok();
            }
            self.answer(questions, history).await;
            drop(permit);
            match answered.try_recv() {
                Ok(view) => return Some(view),
                Err(TryRecvError::Closed) => return None,
                // More questions were ahead of this one than fit into a request.
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    /// Asks for all of `questions` at once. Without an answer they are dropped, which their senders see.
    async fn answer(&self, questions: Vec<Question>, history: bool) {
        let signatures: Vec<Signature> = questions.iter().map(|one| one.signature).collect();
        match self.request(&signatures, history).await {
            Ok(views) => {
                for (question, view) in questions.into_iter().zip(views) {
                    // The receiver may have been dropped.
                    let _ = question.answer.send(view);
                }
            }
            Err(error) => {
                debug!(%error, count = signatures.len(), "failed to read transaction statuses");
            }
        }
    }

    /// What an endpoint reports about each of several transactions, long past ones included.
    pub(super) async fn many(
        &self,
        signatures: &[Signature],
    ) -> Result<Vec<EndpointView>, ChainError> {
        let mut views = Vec::with_capacity(signatures.len());
        for some in signatures.chunks(MAX_STATUS_SIGNATURES) {
            views.extend(self.request(some, true).await?);
        }
        Ok(views)
    }

    async fn request(
        &self,
        signatures: &[Signature],
        history: bool,
    ) -> Result<Vec<EndpointView>, ChainError> {
        let client = self.rpc.client();
        let answer = if history {
            client.get_signature_statuses_with_history(signatures).await
        } else {
            client.get_signature_statuses(signatures).await
        };
        let answer = answer.map_err(self.rpc.error("transaction statuses"))?;
        let slot = answer.context.slot;
        let views = answer.value.into_iter();
        Ok(views.map(|status| EndpointView { slot, status }).collect())
    }

    /// A finalized slot by which a transaction with this last valid block height has landed or never
    /// will. `None` if there is none yet, or if no endpoint answered. The finalized block is read again
    /// if the last read is older than `ttl`.
    pub(super) async fn expiry_slot(&self, last_valid: u64, ttl: Duration) -> Option<u64> {
        let mut shared = self.finalized.lock().await;
        let known = shared.filter(|known| known.read_at.elapsed() < ttl);
        let finalized = if let Some(known) = known {
            known
        } else {
            let client = self.rpc.client();
            let info = client.get_epoch_info_with_commitment(CommitmentConfig::finalized());
            let info = info
                .await
                .inspect_err(|error| debug!(%error, "failed to read the finalized block height"))
                .ok()?;
            *shared.insert(Finalized {
                slot: info.absolute_slot,
                height: info.block_height,
                read_at: Instant::now(),
            })
        };
        (finalized.height > last_valid).then_some(finalized.slot)
    }
}
