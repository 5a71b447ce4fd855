//! One transaction of the past: its events, and what it called.

use super::RecordedEvent;
use super::invocation::Invocation;
use super::walk::Signed;
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

/// What a transaction called.
pub(super) struct Calls {
    /// Its own instructions.
    pub(super) outer: Vec<Invocation>,
    /// Those that these called.
    pub(super) inner: Vec<Called>,
}

/// An instruction that another called.
pub(super) struct Called {
    /// Which instruction of the transaction it comes from.
    pub(super) instruction: u32,
    /// Its place among what that one called.
    pub(super) position: u32,
    /// The call.
    pub(super) call: Invocation,
}

/// Transactions that are fetched at the same time.
const FETCH_CONCURRENCY: usize = 8;

/// The events of transactions, in their order. What was reverted has done nothing, and its events say
/// nothing.
pub(super) async fn events_of_all(
    rpc: &Rpc,
    all: &[Signed],
) -> Result<Vec<RecordedEvent>, ChainError> {
    let mut fetches = Vec::new();
    for signed in all.iter().filter(|signed| !signed.failed) {
        fetches.push(events(rpc.clone(), signed.clone()));
    }
    let each: Vec<Vec<RecordedEvent>> = stream::iter(fetches)
        .buffered(FETCH_CONCURRENCY)
        .try_collect()
        .await?;
    Ok(each.into_iter().flatten().collect())
}

/// Fetches a transaction and reads its events.
async fn events(rpc: Rpc, signed: Signed) -> Result<Vec<RecordedEvent>, ChainError> {
    let found = fetch(&rpc, &signed).await?;
    let events = read(&signed, &found);
    events.ok_or_else(|| unreadable(&signed, INCOMPLETE))
}

/// Fetches a transaction and reads what it called.
pub(super) async fn calls(rpc: &Rpc, signed: &Signed) -> Result<Calls, ChainError> {
    let found = fetch(rpc, signed).await?;
    read_calls(&found).ok_or_else(|| unreadable(signed, INCOMPLETE))
}

const INCOMPLETE: &str = "came without the instructions that it called";

fn unreadable(signed: &Signed, reason: &str) -> ChainError {
    ChainError::Rpc {
        what: "a transaction of the past",
        reason: format!("{} {reason}", signed.signature),
    }
}

async fn fetch(
    rpc: &Rpc,
    signed: &Signed,
) -> Result<EncodedConfirmedTransactionWithStatusMeta, ChainError> {
    let signature = signed.signature.parse();
    let signature = signature.map_err(|_| unreadable(signed, "is no signature"))?;
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::finalized()),
        max_supported_transaction_version: Some(0),
    };
    let client = rpc.client();
    let found = client.get_transaction_with_config(&signature, config).await;
    found.map_err(rpc.error("a transaction of the past"))
}

/// The events of a transaction in their order; `None` where the endpoint left out what they are read
/// from.
fn read(
    signed: &Signed,
    found: &EncodedConfirmedTransactionWithStatusMeta,
) -> Option<Vec<RecordedEvent>> {
    let meta = found.transaction.meta.as_ref()?;
    if meta.err.is_some() {
        return Some(Vec::new());
    }
    let called = read_calls(found)?.inner.into_iter();
    let events = called.filter_map(|called| {
        Some(RecordedEvent {
            slot: found.slot,
            time: found.block_time.or(signed.time),
            signature: signed.signature.clone(),
            instruction: called.instruction,
            position: called.position,
            event: called.call.event()?,
        })
    });
    Some(events.collect())
}

/// What a transaction called; `None` where the endpoint left it out.
fn read_calls(found: &EncodedConfirmedTransactionWithStatusMeta) -> Option<Calls> {
    let meta = found.transaction.meta.as_ref()?;
    let message = found.transaction.transaction.decode()?.message;
    let keys = keys(&message, meta)?;
    let outer = message.instructions().iter();
    let outer = outer.map(|one| call(&keys, one.program_id_index, &one.accounts, one.data.clone()));
    let calls: Option<Vec<_>> = meta.inner_instructions.clone().into();
    let mut inner = Vec::new();
    for calls in calls? {
        for (position, one) in calls.instructions.iter().enumerate() {
            // Endpoints that parse known programs don't know ours.
            let UiInstruction::Compiled(one) = one else {
                continue;
            };
            let data = bs58::decode(&one.data).into_vec().ok()?;
            inner.push(Called {
                instruction: u32::from(calls.index),
                position: u32::try_from(position).ok()?,
                call: call(&keys, one.program_id_index, &one.accounts, data)?,
            });
        }
    }
    Some(Calls {
        outer: outer.collect::<Option<_>>()?,
        inner,
    })
}

/// All accounts of a transaction, those of lookup tables last.
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

fn call(keys: &[Pubkey], program: u8, accounts: &[u8], data: Vec<u8>) -> Option<Invocation> {
    let key = |at: &u8| keys.get(usize::from(*at)).copied();
    Some(Invocation {
        program: key(&program)?,
        accounts: accounts.iter().map(key).collect::<Option<_>>()?,
        data,
    })
}
