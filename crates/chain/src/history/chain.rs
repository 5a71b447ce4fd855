//! The events of one transaction.

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
    UiTransactionEncoding,
};

/// Fetches a transaction and reads its events.
pub(super) async fn events(rpc: Rpc, signed: Signed) -> Result<Vec<Recorded>, ChainError> {
    let unreadable = |reason: &str| ChainError::Rpc {
        what: "a transaction of the past",
        reason: format!("{} {reason}", signed.signature),
    };
    let signature = signed.signature.parse();
    let signature = signature.map_err(|_| unreadable("is no signature"))?;
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::finalized()),
        max_supported_transaction_version: Some(0),
    };
    let client = rpc.client();
    let found = client.get_transaction_with_config(&signature, config).await;
    let found = found.map_err(rpc.error("a transaction of the past"))?;
    let events = read(&signed, &found);
    events.ok_or_else(|| unreadable("came without the instructions that it called"))
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
    let transaction = found.transaction.transaction.decode()?;
    let mut keys: Vec<Pubkey> = transaction.message.static_account_keys().to_vec();
    let loaded = Option::from(meta.loaded_addresses.clone());
    if let Some(loaded) = loaded {
        let loaded: solana_transaction_status_client_types::UiLoadedAddresses = loaded;
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(key.parse().ok()?);
        }
    }
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

fn inner(keys: &[Pubkey], call: &UiCompiledInstruction) -> Option<Inner> {
    let key = |at: &u8| keys.get(usize::from(*at)).copied();
    Some(Inner {
        program: key(&call.program_id_index)?,
        accounts: call.accounts.iter().map(key).collect::<Option<_>>()?,
        data: bs58::decode(&call.data).into_vec().ok()?,
    })
}
