//! Past transactions: their events and invocations.

use super::invocation::Invocation;
use super::store::RecordedEvent;
use super::walk::SignatureInfo;
use crate::error::ChainError;
use crate::rpc::client::Rpc;
use futures_util::{StreamExt, TryStreamExt, stream};
use solana_client::rpc_config::RpcTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::message::VersionedMessage;
use solana_sdk::pubkey::Pubkey;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiInstruction, UiLoadedAddresses,
    UiTransactionEncoding, UiTransactionStatusMeta,
};

/// All invocations of a transaction.
pub(super) struct Invocations {
    /// Its own instructions.
    pub(super) outer: Vec<Invocation>,
    /// Instructions that its instructions invoked.
    pub(super) inner: Vec<InnerInvocation>,
}

pub(super) struct InnerInvocation {
    /// Index of the transaction's instruction that caused it.
    pub(super) instruction: u32,
    /// Index among all invocations of that instruction.
    pub(super) position: u32,
    pub(super) invocation: Invocation,
}

/// Transactions that are read at the same time.
const FETCH_CONCURRENCY: usize = 8;

/// The events of transactions, in order. Failed transactions had no effect, and their events do not count.
pub(super) async fn events_of_all(
    rpc: &Rpc,
    all: &[SignatureInfo],
) -> Result<Vec<RecordedEvent>, ChainError> {
    let mut fetches = Vec::new();
    for info in all.iter().filter(|info| !info.failed) {
        fetches.push(events(rpc.clone(), info.clone()));
    }
    let each: Vec<Vec<RecordedEvent>> = stream::iter(fetches)
        .buffered(FETCH_CONCURRENCY)
        .try_collect()
        .await?;
    Ok(each.into_iter().flatten().collect())
}

/// Reads a transaction and decodes its events.
async fn events(rpc: Rpc, info: SignatureInfo) -> Result<Vec<RecordedEvent>, ChainError> {
    let found = fetch(&rpc, &info).await?;
    let events = read(&info, &found);
    events.ok_or_else(|| unreadable(&info, INCOMPLETE))
}

/// Reads a transaction and decodes its invocations.
pub(super) async fn invocations(
    rpc: &Rpc,
    info: &SignatureInfo,
) -> Result<Invocations, ChainError> {
    let found = fetch(rpc, info).await?;
    read_invocations(&found).ok_or_else(|| unreadable(info, INCOMPLETE))
}

const INCOMPLETE: &str = "was returned without its inner instructions";

fn unreadable(info: &SignatureInfo, reason: &str) -> ChainError {
    ChainError::Rpc {
        what: "a past transaction",
        reason: format!("{} {reason}", info.signature),
    }
}

async fn fetch(
    rpc: &Rpc,
    info: &SignatureInfo,
) -> Result<EncodedConfirmedTransactionWithStatusMeta, ChainError> {
    let signature = info.signature.parse();
    let signature = signature.map_err(|_| unreadable(info, "is not a signature"))?;
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::finalized()),
        max_supported_transaction_version: Some(0),
    };
    let client = rpc.client();
    let found = client.get_transaction_with_config(&signature, config).await;
    found.map_err(rpc.error("a past transaction"))
}

/// The events of a transaction, in order. `None` if the endpoint left out its inner instructions.
fn read(
    info: &SignatureInfo,
    found: &EncodedConfirmedTransactionWithStatusMeta,
) -> Option<Vec<RecordedEvent>> {
    let meta = found.transaction.meta.as_ref()?;
    if meta.err.is_some() {
        return Some(Vec::new());
    }
    let called = read_invocations(found)?.inner.into_iter();
    let events = called.filter_map(|called| {
        Some(RecordedEvent {
            slot: found.slot,
            time: found.block_time.or(info.time),
            signature: info.signature.clone(),
            instruction: called.instruction,
            position: called.position,
            event: called.invocation.event()?,
        })
    });
    Some(events.collect())
}

/// All invocations of a transaction. `None` if the endpoint left out its inner instructions.
fn read_invocations(found: &EncodedConfirmedTransactionWithStatusMeta) -> Option<Invocations> {
    let meta = found.transaction.meta.as_ref()?;
    let message = found.transaction.transaction.decode()?.message;
    let keys = keys(&message, meta)?;
    let outer = message.instructions().iter();
    let outer =
        outer.map(|one| invocation(&keys, one.program_id_index, &one.accounts, one.data.clone()));
    let by_instruction: Option<Vec<_>> = meta.inner_instructions.clone().into();
    let mut inner = Vec::new();
    for invoked in by_instruction? {
        for (position, one) in invoked.instructions.iter().enumerate() {
            // Endpoints parse instructions of some programs; this program is not among them.
            let UiInstruction::Compiled(one) = one else {
                continue;
            };
            let data = bs58::decode(&one.data).into_vec().ok()?;
            inner.push(InnerInvocation {
                instruction: u32::from(invoked.index),
                position: u32::try_from(position).ok()?,
                invocation: invocation(&keys, one.program_id_index, &one.accounts, data)?,
            });
        }
    }
    Some(Invocations {
        outer: outer.collect::<Option<_>>()?,
        inner,
    })
}

/// All accounts of a transaction, with those from lookup tables at the end.
fn keys(message: &VersionedMessage, meta: &UiTransactionStatusMeta) -> Option<Vec<Pubkey>> {
    let mut keys: Vec<Pubkey> = message.static_account_keys().to_vec();
    let loaded: Option<UiLoadedAddresses> = meta.loaded_addresses.clone().into();
    for loaded in loaded.iter() {
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(key.parse().ok()?);
        }
    }
    Some(keys)
}

fn invocation(keys: &[Pubkey], program: u8, accounts: &[u8], data: Vec<u8>) -> Option<Invocation> {
    let key = |at: &u8| keys.get(usize::from(*at)).copied();
    Some(Invocation {
        program: key(&program)?,
        accounts: accounts.iter().map(key).collect::<Option<_>>()?,
        data,
    })
}
