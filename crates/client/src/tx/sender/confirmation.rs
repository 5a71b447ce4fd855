//! Sends a signed transaction until its outcome is known.
//!
//! Endpoints may disagree: one lags, another follows a fork that loses. A transaction counts as expired
//! only if two facts hold together: its last valid block height is below a finalized block, and an
//! endpoint that has processed that block does not have the transaction.

use super::statuses::{EndpointView, Statuses, TxOutcome};
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::rpc::redact::redact_text;
use crate::tx::observer::{Observer, TxEvent};
use crate::tx::policy::PollPolicy;
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_sdk::signature::Signature;
use solana_sdk::transaction::VersionedTransaction;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};
use tracing::debug;

#[derive(Clone)]
pub(super) struct Confirmer {
    rpc: Rpc,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) polls: PollPolicy,
    statuses: Statuses,
    sends: Arc<Semaphore>,
}

impl Confirmer {
    pub(super) fn new(rpc: Rpc, max_concurrent_sends: usize) -> Self {
        Self {
            statuses: Statuses::new(rpc.clone()),
            rpc,
            observer: Arc::new(()),
            polls: PollPolicy::default(),
            sends: Arc::new(Semaphore::new(max_concurrent_sends)),
        }
    }

    /// Sends a transaction, and sends the same bytes again, until its outcome is known. `last_valid` is
    /// the block height after which it cannot land.
    pub(super) async fn confirm(
        &self,
        transaction: &VersionedTransaction,
        last_valid: u64,
    ) -> TxOutcome {
        let signature = transaction.signatures[0];
        let polls = self.polls;
        let (mut sent_at, mut height_read_at) = (None::<Instant>, Instant::now());
        let (mut interval, mut expiry_slot) = (polls.min_poll_interval, None);
        loop {
            if sent_at.is_none_or(|at| at.elapsed() >= polls.resend_interval) {
                if sent_at.is_some() {
                    self.observer.on_event(&TxEvent::Resent { signature });
                }
                self.submit(transaction).await;
                sent_at = Some(Instant::now());
            }
            sleep(interval).await;
            interval = (interval * 5 / 4).min(polls.max_poll_interval);
            let view = self.statuses.one(signature, expiry_slot.is_some()).await;
            let Some(view) = view else {
                continue;
            };
            if let Some(outcome) = view.outcome() {
                return outcome;
            }
            if view.is_expired(expiry_slot) {
                return TxOutcome::Expired;
            }
            if expiry_slot.is_none() && height_read_at.elapsed() >= polls.height_interval {
                expiry_slot = self.expiry_slot(last_valid).await;
                height_read_at = Instant::now();
            }
        }
    }

    /// Sends once. An error decides nothing: the status does.
    pub(super) async fn submit(&self, transaction: &VersionedTransaction) {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        // The semaphore is never closed.
        let _permit = self.sends.acquire().await;
        let client = self.rpc.client();
        if let Err(error) = client
            .send_transaction_with_config(transaction, config)
            .await
        {
            let error = redact_text(&error.to_string());
            debug!(signature = %transaction.signatures[0], error, "transaction rejected by RPC");
        }
    }

    /// See [`Statuses::expiry_slot`].
    pub(super) async fn expiry_slot(&self, last_valid: u64) -> Option<u64> {
        let ttl = self.polls.height_interval;
        self.statuses.expiry_slot(last_valid, ttl).await
    }

    /// See [`Statuses::many`].
    pub(super) async fn statuses(
        &self,
        signatures: &[Signature],
    ) -> Result<Vec<EndpointView>, ChainError> {
        self.statuses.many(signatures).await
    }
}
