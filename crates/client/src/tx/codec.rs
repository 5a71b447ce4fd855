//! Transactions as bytes, as they are journalled.

use crate::error::ChainError;
use solana_sdk::transaction::VersionedTransaction;

pub(crate) fn encode(transaction: &VersionedTransaction) -> Result<Vec<u8>, ChainError> {
    bincode::serialize(transaction).map_err(ChainError::journal)
}

pub(crate) fn decode(bytes: &[u8]) -> Result<VersionedTransaction, ChainError> {
    bincode::deserialize(bytes).map_err(ChainError::journal)
}
