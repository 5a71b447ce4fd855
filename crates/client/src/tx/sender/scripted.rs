//! A small chain for tests: blocks, forks, heights, and endpoints that see more or less of it. Its time
//! is counted in calls: with each one that it answers a slot passes.

#![allow(clippy::unwrap_used)]
use super::decode;
use crate::rpc::client::Rpc;
use async_trait::async_trait;
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
use std::sync::{Arc, Mutex, MutexGuard};

/// Blocks for which a blockhash is good.
pub const GOOD_FOR: u64 = 150;
/// Slots after which a block is confirmed, and finalized.
const CONFIRMED: u64 = 2;
const FINALIZED: u64 = 32;
/// Slots before the first block that counts, so that heights and slots differ.
const SKIPPED: u64 = 100;

/// What the network does with a transaction, each time it is sent.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// It is in the next block.
    Now,
    /// It is lost.
    Never,
    /// It is held back for so many slots, counted from the first time.
    After(u64),
    /// It is in a block of a fork, which is seen for so many slots and then gone. What is sent after
    /// that is in the next block.
    Forked {
        /// How long it is seen.
        seen_for: u64,
        /// Whether a confirmed block has it, against all odds.
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
    /// When its fork is gone.
    until: Option<u64>,
    confirms: bool,
    failed: bool,
}

/// What is asked of the chain, and what it shows.
pub struct State {
    slot: u64,
    /// One for each signature in the order of their first arrival; `Now` beyond the last.
    pub deliveries: Vec<Delivery>,
    /// Slots by which the endpoints behind one address lag; they answer in turns.
    pub lags: Vec<u64>,
    /// Compute units that a transaction takes.
    pub takes: u32,
    /// What a simulation says it takes; `None` where none can be had.
    pub simulated: Option<u32>,
    /// Recent prices.
    pub prices: Vec<u64>,
    /// Simulations so far.
    pub simulations: u32,
    /// A transaction was signed while an earlier one could still land.
    pub two_alive: bool,
    calls: usize,
    sent: Vec<Sent>,
}

/// The chain.
#[derive(Clone)]
pub struct Chain(Arc<Mutex<State>>);

impl Chain {
    /// A chain where everything goes well.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            slot: 1_000,
            deliveries: Vec::new(),
            lags: vec![0],
            takes: 10_000,
            simulated: Some(10_000),
            prices: Vec::new(),
            simulations: 0,
            two_alive: false,
            calls: 0,
            sent: Vec::new(),
        })))
    }

    /// What can be set and seen.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// An address of it.
    pub fn rpc(&self) -> Rpc {
        let client = RpcClient::new_sender(self.clone(), RpcClientConfig::default());
        Rpc::of(client, "scripted", "scripted")
    }
}

impl State {
    /// Lets slots pass.
    pub fn pass(&mut self, slots: u64) {
        self.slot += slots;
        self.deliver();
    }

    /// Transactions that are in a block of the chain and did what they say.
    pub fn landed(&self) -> usize {
        let blocks = self.sent.iter().filter_map(|sent| self.block(sent));
        blocks.filter(|block| !block.failed).count()
    }

    /// Signatures that arrived.
    pub fn signatures(&self) -> usize {
        self.sent.len()
    }

    /// The limit and the price that each signature came with.
    pub fn budgets(&self) -> Vec<(u32, u64)> {
        self.sent
            .iter()
            .map(|one| budget(&one.transaction))
            .collect()
    }

    fn block(&self, sent: &Sent) -> Option<Block> {
        sent.block
            .filter(|b| b.until.is_none_or(|until| until > self.slot))
    }

    /// What was held back arrives.
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
                None => height(self.slot.saturating_sub(FINALIZED)) <= sent.last_valid,
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
                Delivery::Forked {
                    seen_for,
                    confirmed,
                } if first_time => self.include(at, Some(now + seen_for), confirmed),
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
        if depth > GOOD_FOR && !history {
            return Value::Null;
        }
        let level = match depth {
            _ if !block.confirms => "processed",
            FINALIZED.. => "finalized",
            CONFIRMED.. => "confirmed",
            _ => "processed",
        };
        let failure = json!({ "InstructionError": [1, "ProgramFailedToComplete"] });
        let (err, status) = match block.failed {
            true => (failure.clone(), json!({ "Err": failure })),
            false => (Value::Null, json!({ "Ok": null })),
        };
        let confirmations = (level != "finalized").then_some(depth);
        json!({ "slot": block.slot, "confirmations": confirmations, "err": err, "status": status,
                "confirmationStatus": level })
    }

    fn answer(&mut self, request: RpcRequest, params: &Value) -> Result<Value> {
        self.pass(1);
        self.calls += 1;
        // A blockhash that is old already says nothing about lagging.
        let turn = match request {
            RpcRequest::GetLatestBlockhash => 0,
            _ => self.calls % self.lags.len(),
        };
        let view = self.slot - self.lags[turn];
        let context = json!({ "slot": view });
        Ok(match request {
            RpcRequest::GetLatestBlockhash => {
                let slot = view - CONFIRMED;
                let value = json!({ "blockhash": blockhash(slot).to_string(),
                                    "lastValidBlockHeight": height(slot) + GOOD_FOR });
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
                    return Err(ErrorKind::Custom("not here".into()).into());
                };
                let value = json!({ "err": null, "logs": [], "unitsConsumed": units });
                json!({ "context": context, "value": value })
            }
            RpcRequest::SendTransaction => self.receive(transaction(params)).to_string().into(),
            RpcRequest::GetSignatureStatuses => {
                let history = params.pointer("/1/searchTransactionHistory") == Some(&true.into());
                let asked = params[0].as_array().into_iter().flatten();
                let of = |one: &Value| self.status(one.as_str().unwrap(), view, history);
                json!({ "context": context, "value": asked.map(of).collect::<Vec<_>>() })
            }
            RpcRequest::GetEpochInfo => {
                let slot = view - FINALIZED;
                json!({ "epoch": 0, "slotIndex": slot, "slotsInEpoch": 432_000,
                        "absoluteSlot": slot, "blockHeight": height(slot),
                        "transactionCount": 0 })
            }
            other => return Err(ErrorKind::Custom(format!("{other} has no script")).into()),
        })
    }
}

fn height(slot: u64) -> u64 {
    slot.saturating_sub(SKIPPED)
}

fn blockhash(slot: u64) -> Hash {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    Hash::new_from_array(bytes)
}

fn last_valid(blockhash: &Hash) -> u64 {
    let bytes = blockhash.as_ref()[..8].try_into().unwrap();
    height(u64::from_le_bytes(bytes)) + GOOD_FOR
}

fn transaction(params: &Value) -> VersionedTransaction {
    let text = params[0].as_str().unwrap().to_owned();
    let encoded = UiAccountData::Binary(text, UiAccountEncoding::Base64);
    decode(&encoded.decode().unwrap()).unwrap()
}

/// Limit and price of a transaction.
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
        self.state().answer(request, &params)
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        "scripted".into()
    }
}
