//! One transaction of the past: its events, and what it called.

use super::Recorded;
use super::walk::Signed;
use crate::error::ChainError;
use crate::event::Inner;
use crate::rpc::Rpc;
use solana_client::rpc_config::RpcTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::pubkey::Pubkey;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiCompiledInstruction, UiInstruction,
    UiLoadedAddresses, UiTransactionEncoding,
};

/// What a transaction called.
pub(super) struct Calls {
    /// Its own instructions.
    pub(super) outer: Vec<Inner>,
    /// Those that these called.
    pub(super) inner: Vec<Inner>,
}

/// Fetches a transaction and reads its events.
pub(super) async fn events(rpc: Rpc, signed: Signed) -> Result<Vec<Recorded>, ChainError> {
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
) -> Option<Vec<Recorded>> {
    let meta = found.transaction.meta.as_ref()?;
    if meta.err.is_some() {
        return Some(Vec::new());
    }
    let keys = keys(found)?;
    let calls: Option<Vec<_>> = meta.inner_instructions.clone().into();
    let mut events = Vec::new();
    for calls in calls? {
        for (position, call) in calls.instructions.iter().enumerate() {
            // Endpoints that parse known programs don't know ours.
            let UiInstruction::Compiled(call) = call else {
                continue;
            };
            if let Some(event) = inner(&keys, call)?.event() {
                events.push(Recorded {
                    slot: found.slot,
                    time: found.block_time.or(signed.time),
                    signature: signed.signature.clone(),
                    instruction: u32::from(calls.index),
                    position: u32::try_from(position).ok()?,
                    event,
                });
            }
        }
    }
    Some(events)
}

fn read_calls(found: &EncodedConfirmedTransactionWithStatusMeta) -> Option<Calls> {
    let keys = keys(found)?;
    let transaction = found.transaction.transaction.decode()?;
    let outer = transaction.message.instructions().iter();
    let outer = outer.map(|call| {
        let key = |at: &u8| keys.get(usize::from(*at)).copied();
        Some(Inner {
            program: key(&call.program_id_index)?,
            accounts: call.accounts.iter().map(key).collect::<Option<_>>()?,
            data: call.data.clone(),
        })
    });
    let calls: Option<Vec<_>> = found
        .transaction
        .meta
        .as_ref()?
        .inner_instructions
        .clone()
        .into();
    let called = calls?;
    let called = called.iter().flat_map(|calls| &calls.instructions);
    let compiled = called.filter_map(|call| match call {
        UiInstruction::Compiled(call) => Some(call),
        UiInstruction::Parsed(_) => None,
    });
    Some(Calls {
        outer: outer.collect::<Option<_>>()?,
        inner: compiled
            .map(|call| inner(&keys, call))
            .collect::<Option<_>>()?,
    })
}

/// All accounts of a transaction, those of lookup tables last.
fn keys(found: &EncodedConfirmedTransactionWithStatusMeta) -> Option<Vec<Pubkey>> {
    let transaction = found.transaction.transaction.decode()?;
    let mut keys: Vec<Pubkey> = transaction.message.static_account_keys().to_vec();
    let meta = found.transaction.meta.as_ref()?;
    let loaded: Option<UiLoadedAddresses> = meta.loaded_addresses.clone().into();
    for loaded in loaded.iter() {
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(key.parse().ok()?);
        }
    }
    Some(keys)
}

fn inner(keys: &[Pubkey], call: &UiCompiledInstruction) -> Option<Inner> {
    let key = |at: &u8| keys.get(usize::from(*at)).copied();
    Some(Inner {
        program: key(&call.program_id_index)?,
        accounts: call.accounts.iter().map(key).collect::<Option<_>>()?,
        data: bs58::decode(&call.data).into_vec().ok()?,
    })
}
