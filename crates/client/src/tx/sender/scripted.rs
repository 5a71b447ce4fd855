//! A simulated chain for tests: blocks, forks, block heights, and endpoints that lag. Time advances with
//! requests: each one that it answers takes a slot.

#![allow(clippy::unwrap_used)]
use crate::rpc::client::Rpc;
use crate::tx::codec::decode;
use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use solana_account_decoder_client_types::{UiAccountData, UiAccountEncoding};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client::rpc_client::RpcClientConfig;
use solana_rpc_client_api::client_error::{ErrorKind, Result};
use solana_rpc_client_api::request::RpcRequest;
use solana_sdk::hash::Hash;
use solana_sdk::signature::Signature;
use solana_sdk::transaction::VersionedTransaction;
use std::sync::Arc;

/// Blocks for which a blockhash is valid.
pub(super) const BLOCKHASH_BLOCKS: u64 = 150;
/// Slots after which a block is confirmed, and finalized.
const CONFIRMED_SLOTS: u64 = 2;
const FINALIZED_SLOTS: u64 = 32;
/// Skipped slots, so that block heights and slots differ.
const SKIPPED_SLOTS: u64 = 100;

/// What happens to a transaction each time it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Delivery {
    /// It lands in the next block.
    Now,
    /// It is lost.
    Never,
    /// It is delayed by so many slots after it was first sent.
    After(u64),
    /// It lands in a block of a fork that exists for so many slots. Sent after that, it lands in the next
    /// block.
    Forked {
        /// Slots for which the fork exists.
        slots: u64,
        /// Whether the block of the fork gets confirmed, against all odds.
        confirmed: bool,
    },
}

/// A transaction that reached the network.
struct Sent {
    transaction: VersionedTransaction,
    delivery: Delivery,
    last_valid: u64,
    first: u64,
    block: Option<Block>,
}

#[derive(Clone, Copy)]
struct Block {
    slot: u64,
    /// The slot at which its fork is dropped.
    until: Option<u64>,
    confirms: bool,
    failed: bool,
}

/// The script and the observations of a test.
pub(super) struct ChainState {
    slot: u64,
    /// One per signature in order of arrival; `Now` after the last one.
    pub deliveries: Vec<Delivery>,
    /// Slots by which the endpoints behind one address lag. They answer in turns.
    pub lags: Vec<u64>,
    /// Compute units that a transaction consumes.
    pub takes: u32,
    /// What a simulation reports; `None` if the endpoint does not simulate.
    pub simulated: Option<u32>,
    /// Recent prices, one per slot.
    pub prices: Vec<u64>,
    /// Simulations so far.
    pub simulations: u32,
    /// Requests for a blockhash so far.
    pub blockhash_requests: u32,
    /// Status requests so far.
    pub status_requests: usize,
    /// Whether a transaction was signed while an earlier one could still land.
    pub two_alive: bool,
    calls: usize,
    sent: Vec<Sent>,
}

#[derive(Clone)]
pub(super) struct Chain(Arc<Mutex<ChainState>>);

impl Chain {
    /// A chain on which everything succeeds at once.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(ChainState {
            slot: 1_000,
            deliveries: Vec::new(),
            lags: vec![0],
            takes: 10_000,
            simulated: Some(10_000),
            prices: Vec::new(),
            simulations: 0,
            blockhash_requests: 0,
            status_requests: 0,
            two_alive: false,
            calls: 0,
            sent: Vec::new(),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ChainState> {
        self.0.lock()
    }

    pub(super) fn rpc(&self) -> Rpc {
        let client = RpcClient::new_sender(self.clone(), RpcClientConfig::default());
        Rpc::with_client(client, "scripted", "scripted")
    }
}

impl ChainState {
    /// Lets slots pass.
    pub(super) fn pass(&mut self, slots: u64) {
        self.slot += slots;
        self.deliver();
    }

    /// Transactions that succeeded and are in a block of the chain.
    pub(super) fn landed(&self) -> usize {
        let blocks = self.sent.iter().filter_map(|sent| self.block(sent));
        blocks.filter(|block| !block.failed).count()
    }

    /// Signatures that were sent.
    pub(super) fn signatures(&self) -> usize {
        self.sent.len()
    }

    /// Compute unit limit and price of each signature.
    pub(super) fn budgets(&self) -> Vec<(u32, u64)> {
        self.sent
            .iter()
            .map(|one| budget(&one.transaction))
            .collect()
    }

    fn block(&self, sent: &Sent) -> Option<Block> {
        sent.block
            .filter(|b| b.until.is_none_or(|until| until > self.slot))
    }

    /// Includes delayed transactions that are due.
    fn deliver(&mut self) {
        let now = self.slot;
        for at in 0..self.sent.len() {
            let sent = &self.sent[at];
            let due = matches!(sent.delivery, Delivery::After(wait) if now >= sent.first + wait);
            if due && sent.block.is_none() {
                self.include(at, None, true);
            }
        }
    }

    fn include(&mut self, at: usize, until: Option<u64>, confirms: bool) {
        let (slot, takes) = (self.slot + 1, self.takes);
        let sent = &mut self.sent[at];
        if height(slot) <= sent.last_valid {
            let failed = budget(&sent.transaction).0 < takes;
            sent.block = Some(Block {
                slot,
                until,
                confirms,
                failed,
            });
        }
    }

    fn receive(&mut self, transaction: VersionedTransaction) -> Signature {
        let signature = transaction.signatures[0];
        let known = self
            .sent
            .iter()
            .position(|s| s.transaction.signatures[0] == signature);
        let at = known.unwrap_or_else(|| {
            let alive = self.sent.iter().any(|sent| match self.block(sent) {
                Some(block) => !block.failed,
                None => height(self.slot.saturating_sub(FINALIZED_SLOTS)) <= sent.last_valid,
            });
            self.two_alive |= alive;
            let delivery = self.deliveries.get(self.sent.len());
            self.sent.push(Sent {
                last_valid: last_valid(transaction.message.recent_blockhash()),
                delivery: delivery.copied().unwrap_or(Delivery::Now),
                first: self.slot,
                block: None,
                transaction,
            });
            self.sent.len() - 1
        });
        let (sent, now) = (&self.sent[at], self.slot);
        let first_time = sent.block.is_none();
        if self.block(sent).is_none() {
            match sent.delivery {
                Delivery::Forked { slots, confirmed } if first_time => {
                    self.include(at, Some(now + slots), confirmed)
                }
                Delivery::Now | Delivery::Forked { .. } => self.include(at, None, true),
                Delivery::Never | Delivery::After(_) => {}
            }
        }
        signature
    }

    fn status(&self, signature: &str, view: u64, history: bool) -> Value {
        let of = |s: &&Sent| s.transaction.signatures[0].to_string() == signature;
        let block = self.sent.iter().find(of).and_then(|sent| self.block(sent));
        let Some(block) = block.filter(|b| b.slot <= view) else {
            return Value::Null;
        };
        let depth = view - block.slot;
        if depth > BLOCKHASH_BLOCKS && !history {
            return Value::Null;
        }
        let level = match depth {
            _ if !block.confirms => "processed",
            FINALIZED_SLOTS.. => "finalized",
            CONFIRMED_SLOTS.. => "confirmed",
            _ => "processed",
        };
        let failure = json!({ "InstructionError": [1, "ProgramFailedToComplete"] });
        let (err, status) = if block.failed {
            (failure.clone(), json!({ "Err": failure }))
        } else {
            (Value::Null, json!({ "Ok": null }))
        };
        let confirmations = (level != "finalized").then_some(depth);
        json!({ "slot": block.slot, "confirmations": confirmations, "err": err, "status": status,
                "confirmationStatus": level })
    }

    fn answer(&mut self, request: RpcRequest, params: &Value) -> Result<Value> {
        self.pass(1);
        self.calls += 1;
        // Blockhashes come from the endpoint that does not lag.
        let turn = match request {
            RpcRequest::GetLatestBlockhash => 0,
            _ => self.calls % self.lags.len(),
        };
        let view = self.slot - self.lags[turn];
        let context = json!({ "slot": view });
        Ok(match request {
            RpcRequest::GetLatestBlockhash => {
                self.blockhash_requests += 1;
                let slot = view - CONFIRMED_SLOTS;
                let value = json!({ "blockhash": blockhash(slot).to_string(),
                                    "lastValidBlockHeight": height(slot) + BLOCKHASH_BLOCKS });
                json!({ "context": context, "value": value })
            }
            RpcRequest::GetRecentPrioritizationFees => {
                let slots = self.prices.iter();
                slots
                    .map(|fee| json!({ "slot": view, "prioritizationFee": fee }))
                    .collect()
            }
            RpcRequest::SimulateTransaction => {
                self.simulations += 1;
                let Some(units) = self.simulated else {
                    return Err(ErrorKind::Custom("no simulations".into()).into());
                };
                let value = json!({ "err": null, "logs": [], "unitsConsumed": units });
                json!({ "context": context, "value": value })
            }
            RpcRequest::SendTransaction => self.receive(transaction(params)).to_string().into(),
            RpcRequest::GetSignatureStatuses => {
                self.status_requests += 1;
                let history = params.pointer("/1/searchTransactionHistory") == Some(&true.into());
                let asked = params[0].as_array().into_iter().flatten();
                let of = |one: &Value| self.status(one.as_str().unwrap(), view, history);
                json!({ "context": context, "value": asked.map(of).collect::<Vec<_>>() })
            }
            RpcRequest::GetEpochInfo => {
                let slot = view - FINALIZED_SLOTS;
                json!({ "epoch": 0, "slotIndex": slot, "slotsInEpoch": 432_000,
                        "absoluteSlot": slot, "blockHeight": height(slot),
                        "transactionCount": 0 })
            }
            other => return Err(ErrorKind::Custom(format!("{other} has no script")).into()),
        })
    }
}

fn height(slot: u64) -> u64 {
    slot.saturating_sub(SKIPPED_SLOTS)
}

fn blockhash(slot: u64) -> Hash {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    Hash::new_from_array(bytes)
}

fn last_valid(blockhash: &Hash) -> u64 {
    let bytes = blockhash.as_ref()[..8].try_into().unwrap();
    height(u64::from_le_bytes(bytes)) + BLOCKHASH_BLOCKS
}

fn transaction(params: &Value) -> VersionedTransaction {
    let text = params[0].as_str().unwrap().to_owned();
    let encoded = UiAccountData::Binary(text, UiAccountEncoding::Base64);
    decode(&encoded.decode().unwrap()).unwrap()
}

/// Compute unit limit and price of a transaction.
fn budget(transaction: &VersionedTransaction) -> (u32, u64) {
    let (mut limit, mut price) = (0, 0);
    for one in transaction.message.instructions() {
        match one.data.split_first() {
            Some((2, units)) if units.len() == 4 => {
                limit = u32::from_le_bytes(units.try_into().unwrap())
            }
            Some((3, fee)) if fee.len() == 8 => price = u64::from_le_bytes(fee.try_into().unwrap()),
            _ => {}
        }
    }
    (limit, price)
}

#[async_trait]
impl RpcSender for Chain {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        // Other tasks run while the request is in flight.
        tokio::task::yield_now().await;
        self.state().answer(request, &params)
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        "scripted".into()
    }
}
