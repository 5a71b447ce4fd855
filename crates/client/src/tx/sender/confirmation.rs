//! What becomes of a transaction that was sent.
//!
//! Endpoints may disagree: one lags, another is on a fork that will lose. That a transaction can't land
//! any more is taken from two facts that hold together: its last block height is behind a finalized
//! block, and an endpoint whose own view reaches beyond that block has never seen it.

use super::Sender;
use crate::error::ChainError;
use crate::tx::observer::TxEvent;
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::signature::Signature;
use solana_sdk::transaction::{TransactionError, VersionedTransaction};
use solana_transaction_status_client_types::{TransactionConfirmationStatus, TransactionStatus};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::debug;

/// How often things are done while a fate is unknown.
#[derive(Clone, Copy)]
pub(super) struct PollPolicy {
    /// Time before the first question; each next one takes longer.
    pub(super) min_poll_interval: Duration,
    /// Longest time between two questions.
    pub(super) max_poll_interval: Duration,
    /// Time between two sends of the same bytes.
    pub(super) resend_interval: Duration,
    /// How often it is asked whether its time is over.
    pub(super) height_interval: Duration,
}

impl Default for PollPolicy {
    fn default() -> Self {
        Self {
            min_poll_interval: Duration::from_millis(40),
            max_poll_interval: Duration::from_millis(400),
            resend_interval: Duration::from_secs(2),
            height_interval: Duration::from_secs(2),
        }
    }
}

/// What became of it.
pub(super) enum TxOutcome {
    /// It is in a confirmed block of this slot.
    Landed { slot: u64 },
    /// It is in a confirmed block, and did nothing.
    Failed { error: TransactionError, slot: u64 },
    /// It can't land any more.
    Expired,
}

/// What an endpoint says about a transaction.
pub(super) struct EndpointView {
    /// The slot up to which the endpoint sees.
    pub(super) view: u64,
    /// What it sees, if it does.
    pub(super) status: Option<TransactionStatus>,
}

impl Sender {
    /// Sends, re-sends and asks until the fate is known. Only a fault of the endpoint while it is
    /// unknown is an error: the journal still has the entry then.
    pub(super) async fn confirm(
        &self,
        transaction: &VersionedTransaction,
        last_valid: u64,
    ) -> Result<TxOutcome, ChainError> {
        let signature = transaction.signatures[0];
        let poll_policy = self.poll_policy;
        let (mut sent, mut asked, mut poll) = (
            None::<Instant>,
            Instant::now(),
            poll_policy.min_poll_interval,
        );
        let mut expiry_slot = None;
        loop {
            if sent.is_none_or(|at| at.elapsed() >= poll_policy.resend_interval) {
                if sent.is_some() {
                    self.observer.on_event(&TxEvent::Resent { signature });
                }
                self.push(transaction).await;
                sent = Some(Instant::now());
            }
            sleep(poll).await;
            poll = (poll * 5 / 4).min(poll_policy.max_poll_interval);
            let sight = match self.look(&[signature], expiry_slot.is_some()).await {
                Ok(mut sights) => sights.pop(),
                Err(error) if error.is_transient() => {
                    debug!(%signature, %error, "asking for a transaction failed");
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(fate) = sight.as_ref().and_then(EndpointView::fate) {
                return Ok(fate);
            }
            if has_expired(sight.as_ref(), expiry_slot) {
                return Ok(TxOutcome::Expired);
            }
            if expiry_slot.is_none() && asked.elapsed() >= poll_policy.height_interval {
                expiry_slot = self.expiry_slot(last_valid).await;
                asked = Instant::now();
            }
        }
    }

    /// Sends once. Its errors are not decisive: the status is.
    pub(super) async fn push(&self, transaction: &VersionedTransaction) {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let answer = self
            .rpc
            .client()
            .send_transaction_with_config(transaction, config)
            .await;
        if let Err(error) = answer {
            debug!(signature = %transaction.signatures[0], %error, "send was not taken");
        }
    }

    /// What an endpoint sees of transactions, at most 256; also long ago with `history`.
    pub(super) async fn look(
        &self,
        signatures: &[Signature],
        history: bool,
    ) -> Result<Vec<EndpointView>, ChainError> {
        let client = self.rpc.client();
        let answer = match history {
            true => client.get_signature_statuses_with_history(signatures).await,
            false => client.get_signature_statuses(signatures).await,
        };
        let answer = answer.map_err(self.rpc.error("a signature's status"))?;
        let view = answer.context.slot;
        let sights = answer.value.into_iter();
        Ok(sights.map(|status| EndpointView { view, status }).collect())
    }

    /// A finalized slot by which a transaction with this last height has landed or never will; `None`
    /// where there is none yet, or no endpoint says so.
    pub(super) async fn expiry_slot(&self, last_valid: u64) -> Option<u64> {
        let finalized = CommitmentConfig::finalized();
        let client = self.rpc.client();
        let now = client.get_epoch_info_with_commitment(finalized).await;
        let now = now
            .inspect_err(|error| debug!(%error, "no block height"))
            .ok()?;
        (now.block_height > last_valid).then_some(now.absolute_slot)
    }
}

impl EndpointView {
    /// What became of it, as far as a confirmed block says.
    fn fate(&self) -> Option<TxOutcome> {
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

    /// Whether nothing can undo it.
    pub(super) fn is_final(&self) -> bool {
        let Some(status) = &self.status else {
            return false;
        };
        match &status.confirmation_status {
            Some(level) => *level == TransactionConfirmationStatus::Finalized,
            // Old endpoints count confirmations, and none are left to count of what is final.
            None => status.confirmations.is_none(),
        }
    }
}

/// Whether a transaction that can only have landed by the slot `expiry_slot` has not: an endpoint that sees
/// further does not see it.
pub(super) fn has_expired(sight: Option<&EndpointView>, expiry_slot: Option<u64>) -> bool {
    match (sight, expiry_slot) {
        (Some(sight), Some(expiry_slot)) => sight.status.is_none() && sight.view >= expiry_slot,
        _ => false,
    }
}
