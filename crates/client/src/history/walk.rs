//! The way back through an address's signatures, page by page, to the cursor.
//!
//! Endpoints differ in what they know: one lags, another has thrown old blocks away, and both would
//! answer with an empty page where more was to come. So every page after the first is asked of an
//! endpoint that has seen the newest one, and the walk must end next to the cursor's own transaction.

use super::Cursor;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use serde_json::json;
use solana_rpc_client_api::request::RpcRequest;
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature as Status;
use solana_sdk::pubkey::Pubkey;
use solana_transaction_status_client_types::TransactionConfirmationStatus;
use std::collections::VecDeque;

/// A finalized transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) slot: u64,
    pub(super) time: Option<i64>,
    pub(super) signature: String,
    /// It was reverted.
    pub(super) failed: bool,
}

/// What a walk found.
pub(super) struct Walked {
    pub(super) oldest_first: Vec<Signed>,
    /// There are newer ones than were kept.
    pub(super) more: bool,
}

pub(super) struct Walk<'a> {
    pub(super) rpc: &'a Rpc,
    pub(super) address: Pubkey,
    pub(super) page: usize,
    pub(super) max_kept: usize,
}

impl Walk<'_> {
    /// Walks from the newest transaction back to the one after the cursor's.
    pub(super) async fn back_to(&self, cursor: Option<&Cursor>) -> Result<Walked, ChainError> {
        let mut kept: VecDeque<Signed> = VecDeque::new();
        let (mut more, mut last, mut newest) = (false, None::<String>, None);
        let until = cursor.map(|cursor| cursor.signature.as_str());
        loop {
            let page = self.ask(last.as_deref(), until, self.page, newest).await?;
            let is_last = page.len() < self.page;
            for status in page {
                last = Some(status.signature.clone());
                // Endpoints are asked for what is final, and not all of them keep to it.
                if status.confirmation_status != Some(TransactionConfirmationStatus::Finalized) {
                    continue;
                }
                newest = newest.max(Some(status.slot));
                kept.push_back(Signed {
                    slot: status.slot,
                    time: status.block_time,
                    signature: status.signature,
                    failed: status.err.is_some(),
                });
                if kept.len() > self.max_kept {
                    kept.pop_front();
                    more = true;
                }
            }
            if is_last {
                break;
            }
        }
        if let (Some(cursor), Some(oldest)) = (cursor, kept.back()) {
            self.require_next(&oldest.signature, oldest.slot, cursor, newest)
                .await?;
        }
        Ok(Walked {
            oldest_first: kept.into_iter().rev().collect(),
            more,
        })
    }

    /// # Errors
    /// [`ChainError::HistoryGap`] unless the transaction before `oldest` is the cursor's.
    async fn require_next(
        &self,
        oldest: &str,
        slot: u64,
        cursor: &Cursor,
        newest: Option<u64>,
    ) -> Result<(), ChainError> {
        let before = self.ask(Some(oldest), None, 1, newest).await?;
        match before.first() {
            Some(found) if found.signature == cursor.signature => Ok(()),
            _ => Err(ChainError::HistoryGap {
                from: cursor.slot,
                to: slot,
            }),
        }
    }

    async fn ask(
        &self,
        before: Option<&str>,
        until: Option<&str>,
        limit: usize,
        newest: Option<u64>,
    ) -> Result<Vec<Status>, ChainError> {
        let config = json!({
            "before": before,
            "until": until,
            "limit": limit,
            "commitment": "finalized",
            "minContextSlot": newest,
        });
        let params = json!([self.address.to_string(), config]);
        let client = self.rpc.client();
        let answer = client
            .send(RpcRequest::GetSignaturesForAddress, params)
            .await;
        answer.map_err(self.rpc.error("signatures of the past"))
    }
}
