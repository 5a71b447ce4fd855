//! History over many pages, interrupted and continued, on endpoints that lag or have deleted old blocks.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::error::ChainError;
use crate::events::ProgramEvent;
use crate::pda::{PROGRAM, event_authority};
use crate::rpc::client::Rpc;
use anchor_lang::Event as _;
use anchor_lang::event::EVENT_IX_TAG_LE;
use async_trait::async_trait;
use millrace_program::events::JobExpired;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client::rpc_client::RpcClientConfig;
use solana_rpc_client_api::client_error::{ErrorKind, Result as RpcResult};
use solana_rpc_client_api::request::RpcRequest;
use solana_sdk::hash::Hash;
use solana_sdk::message::Message;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::transaction::Transaction;
use std::sync::Arc;

/// A past transaction. Its event contains its index.
#[derive(Clone)]
struct Past {
    slot: u64,
    signature: String,
    failed: bool,
}

/// An endpoint with a history.
#[derive(Clone, Default)]
struct Node(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    /// Oldest first.
    past: Vec<Past>,
    /// The newest final slot.
    final_slot: u64,
    /// Index of the oldest transaction that is not deleted.
    known_from: usize,
    /// Requests that are answered before the endpoint fails.
    calls_left: Option<usize>,
    pages: usize,
}

impl Node {
    /// An endpoint with this many transactions, two per slot. Every fifth one failed.
    fn new(transactions: usize) -> Self {
        let node = Self::default();
        node.memory().grow(transactions);
        node
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock()
    }

    fn history(&self, store: &Arc<MemoryStore>) -> History {
        let client = RpcClient::new_sender(self.clone(), RpcClientConfig::default());
        let mut history = History::new(Rpc::with_client(client, "past", "past"), store.clone());
        (history.page_size, history.batch) = (7, 3);
        history
    }
}

impl Memory {
    fn grow(&mut self, transactions: usize) {
        for _ in 0..transactions {
            let at = self.past.len();
            let mut signature = [1; 64];
            signature[..8].copy_from_slice(&(at as u64).to_le_bytes());
            self.past.push(Past {
                slot: 100 + at as u64 / 2,
                signature: bs58::encode(signature).into_string(),
                failed: at % 5 == 4,
            });
        }
        self.final_slot = self.past.last().map_or(0, |past| past.slot);
    }

    fn page(&mut self, config: &Value) -> RpcResult<Value> {
        self.pages += 1;
        let least = config["minContextSlot"].as_u64();
        if least.is_some_and(|least| least > self.final_slot) {
            return Err(ErrorKind::Custom("min context slot not reached".into()).into());
        }
        let place = |name: &str| {
            let signature = config[name].as_str()?;
            self.past
                .iter()
                .position(|past| past.signature == signature)
        };
        let end = match (config["before"].is_string(), place("before")) {
            (true, None) => 0,
            (_, at) => at.unwrap_or(self.past.len()),
        };
        let start = place("until")
            .map_or(self.known_from, |at| at + 1)
            .max(self.known_from);
        let limit = usize::try_from(config["limit"].as_u64().unwrap()).unwrap();
        let found = self
            .past
            .get(start..end)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(limit);
        Ok(found
            .map(|past| {
                let level = if past.slot <= self.final_slot {
                    "finalized"
                } else {
                    "confirmed"
                };
                let err = past.failed.then_some("AccountInUse");
                json!({ "signature": past.signature, "slot": past.slot, "err": err, "memo": null,
                        "blockTime": 1_000 + past.slot, "confirmationStatus": level })
            })
            .collect())
    }

    fn transaction(&self, signature: &str) -> Value {
        let at = self
            .past
            .iter()
            .position(|past| past.signature == signature)
            .unwrap();
        let slot = self.past[at].slot;
        let authority = event_authority();
        let keys = [Pubkey::new_from_array([5; 32]), authority, PROGRAM];
        let mut message = Message::new_with_blockhash(&[], Some(&keys[0]), &Hash::default());
        message.account_keys = keys.to_vec();
        let bytes = bincode::serialize(&Transaction::new_unsigned(message)).unwrap();
        let event = JobExpired {
            job: keys[0],
            shards: at as u32,
        };
        let data = bs58::encode([EVENT_IX_TAG_LE, &event.data()].concat()).into_string();
        let call = |program: u8| json!({ "programIdIndex": program, "accounts": [1], "data": data, "stackHeight": 2 });
        // The first invocation has the same bytes and invokes another program.
        let inner = json!([{ "index": 0, "instructions": [call(0), call(2)] }]);
        json!({
            "slot": slot, "blockTime": 1_000 + slot,
            "transaction": [bs58::encode(bytes).into_string(), "base58"],
            "meta": { "err": null, "status": { "Ok": null }, "fee": 5_000, "preBalances": [],
                      "postBalances": [], "innerInstructions": inner,
                      "logMessages": [format!("Program data: {data}")] },
        })
    }
}

#[async_trait]
impl RpcSender for Node {
    async fn send(&self, request: RpcRequest, params: Value) -> RpcResult<Value> {
        let mut memory = self.memory();
        if let Some(left) = memory.calls_left.as_mut() {
            let Some(fewer) = left.checked_sub(1) else {
                return Err(ErrorKind::Custom("gone".into()).into());
            };
            *left = fewer;
        }
        match request {
            RpcRequest::GetSignaturesForAddress => {
                assert_eq!(params[0], event_authority().to_string());
                memory.page(&params[1])
            }
            RpcRequest::GetTransaction => Ok(memory.transaction(params[0].as_str().unwrap())),
            other => Err(ErrorKind::Custom(format!("{other} has no script")).into()),
        }
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        "past".into()
    }
}

/// A store that would keep duplicates.
#[derive(Default)]
struct MemoryStore(Mutex<(Option<Cursor>, Vec<RecordedEvent>)>);

impl MemoryStore {
    fn numbers(&self) -> Vec<u64> {
        let stored = self.0.lock();
        let number = |one: &RecordedEvent| match &one.event {
            ProgramEvent::JobExpired(event) => u64::from(event.shards),
            other => panic!("{other:?}"),
        };
        stored.1.iter().map(number).collect()
    }
}

#[async_trait]
impl CursorStore for MemoryStore {
    async fn load(&self) -> Result<Option<Cursor>, ChainError> {
        Ok(self.0.lock().0.clone())
    }

    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError> {
        let mut stored = self.0.lock();
        stored.0 = Some(cursor.clone());
        stored.1.extend_from_slice(events);
        Ok(())
    }
}

/// Indices of the transactions that succeeded, in order.
fn expected(transactions: u64) -> Vec<u64> {
    (0..transactions).filter(|at| at % 5 != 4).collect()
}

#[tokio::test]
async fn history_is_read_in_order_over_many_pages_and_continues_at_the_cursor() {
    let (node, store) = (Node::new(50), Arc::new(MemoryStore::default()));
    let history = node.history(&store);
    assert_eq!(history.catch_up().await.unwrap(), 40);
    assert!(node.memory().pages > 7);
    assert_eq!(store.numbers(), expected(50));
    assert_eq!(history.catch_up().await.unwrap(), 0);
    node.memory().grow(25);
    assert_eq!(history.catch_up().await.unwrap(), 20);
    assert_eq!(store.numbers(), expected(75));
    let stored = store.0.lock();
    let (first, last) = (&stored.1[0], &stored.1[59]);
    assert_eq!(
        (first.slot, first.time, first.position),
        (100, Some(1_100), 1)
    );
    assert!(last.slot > first.slot);
}

#[tokio::test]
async fn interruptions_neither_lose_nor_repeat_events() {
    for calls in 0..60 {
        let (node, store) = (Node::new(30), Arc::new(MemoryStore::default()));
        node.memory().calls_left = Some(calls);
        let _ = node.history(&store).catch_up().await;
        assert!(store.numbers().len() <= 24);
        // Another process continues, with some more transactions.
        node.memory().calls_left = None;
        node.memory().grow(3);
        node.history(&store).catch_up().await.unwrap();
        assert_eq!(
            store.numbers(),
            expected(33),
            "interrupted after {calls} requests"
        );
    }
}

#[tokio::test]
async fn history_longer_than_the_memory_limit_is_listed_again() {
    let (node, store) = (Node::new(50), Arc::new(MemoryStore::default()));
    let mut history = node.history(&store);
    history.max_kept = 12;
    assert_eq!(history.catch_up().await.unwrap(), 40);
    assert_eq!(store.numbers(), expected(50));
}

#[tokio::test]
async fn transactions_that_are_not_final_are_left_out() {
    let (node, store) = (Node::new(20), Arc::new(MemoryStore::default()));
    let history = node.history(&store);
    node.memory().final_slot = 104;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(10));
    node.memory().final_slot = 109;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(20));
}

#[tokio::test]
async fn deleted_blocks_are_reported_and_leave_no_gap() {
    let (node, store) = (Node::new(20), Arc::new(MemoryStore::default()));
    let history = node.history(&store);
    history.catch_up().await.unwrap();
    node.memory().grow(20);
    node.memory().known_from = 30;
    let error = history.catch_up().await.unwrap_err();
    assert!(
        matches!(error, ChainError::HistoryGap { from: 109, to: 115 }),
        "{error}"
    );
    assert_eq!(store.numbers(), expected(20));
    node.memory().known_from = 0;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(40));
}
