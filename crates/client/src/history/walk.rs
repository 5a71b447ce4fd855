//! Lists the signatures of an address, page by page, from the newest back to the cursor.
//!
//! Endpoints differ in what they have: one lags, another has deleted old blocks, and both return an empty
//! page although there is more. So every page after the first is requested from an endpoint that has
//! processed the newest signature, and the list must end right after the cursor's own transaction.

use super::store::Cursor;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use serde_json::json;
use solana_rpc_client_api::request::RpcRequest;
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature as Status;
use solana_sdk::pubkey::Pubkey;
use solana_transaction_status_client_types::TransactionConfirmationStatus;
use std::collections::VecDeque;

/// Signatures per page: the most that endpoints return.
pub(super) const PAGE_SIZE: usize = 1_000;
/// Signatures that are kept in memory. A longer history is listed again for the newer ones.
pub(super) const MAX_KEPT: usize = 100_000;

/// A finalized transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignatureInfo {
    pub(super) slot: u64,
    pub(super) time: Option<i64>,
    pub(super) signature: String,
    /// Whether it failed, and had no effect.
    pub(super) failed: bool,
}

pub(super) struct Walked {
    pub(super) oldest_first: Vec<SignatureInfo>,
    /// Whether newer signatures exist that were not kept.
    pub(super) more: bool,
}

pub(super) struct Walk<'a> {
    pub(super) rpc: &'a Rpc,
    pub(super) address: Pubkey,
    pub(super) page_size: usize,
    pub(super) max_kept: usize,
}

impl Walk<'_> {
    /// Lists signatures from the newest transaction back to the one after the cursor's.
    pub(super) async fn back_to(&self, cursor: Option<&Cursor>) -> Result<Walked, ChainError> {
        let mut kept: VecDeque<SignatureInfo> = VecDeque::new();
        let (mut more, mut last, mut newest) = (false, None::<String>, None);
        let until = cursor.map(|cursor| cursor.signature.as_str());
        loop {
            let page = self
                .page(last.as_deref(), until, self.page_size, newest)
                .await?;
            let is_last = page.len() < self.page_size;
            for status in page {
                last = Some(status.signature.clone());
                // Not all endpoints honour the requested commitment.
                if status.confirmation_status != Some(TransactionConfirmationStatus::Finalized) {
                    continue;
                }
                newest = newest.max(Some(status.slot));
                kept.push_back(SignatureInfo {
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
        let before = self.page(Some(oldest), None, 1, newest).await?;
        match before.first() {
            Some(found) if found.signature == cursor.signature => Ok(()),
            _ => Err(ChainError::HistoryGap {
                from: cursor.slot,
                to: slot,
            }),
        }
    }

    async fn page(
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
        answer.map_err(self.rpc.error("past signatures"))
    }
}
