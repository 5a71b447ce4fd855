//! History over many pages, cut short and taken up again, on endpoints that lag or have forgotten.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::events::ProgramEvent;
use crate::pda::PROGRAM;
use anchor_lang::Event as _;
use anchor_lang::event::EVENT_IX_TAG_LE;
use millrace_program::events::JobExpired;
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
use std::sync::{Mutex, MutexGuard};

/// A transaction of the past: its event's number is its place.
#[derive(Clone)]
struct Past {
    slot: u64,
    signature: String,
    failed: bool,
}

/// An endpoint with a past.
#[derive(Clone, Default)]
struct Node(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    /// Oldest first.
    past: Vec<Past>,
    /// The newest slot that is final.
    final_slot: u64,
    /// The first that is still known.
    known_from: usize,
    /// Calls that are answered before the endpoint goes away.
    calls_left: Option<usize>,
    pages: usize,
}

impl Node {
    /// An endpoint with so many transactions, two in each slot, every fifth of them reverted.
    fn new(transactions: usize) -> Self {
        let node = Self::default();
        node.memory().grow(transactions);
        node
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap()
    }

    fn history(&self, store: &Arc<Kept>) -> History {
        let client = RpcClient::new_sender(self.clone(), RpcClientConfig::default());
        let mut history = History::new(Rpc::of(client, "past", "past"), store.clone());
        (history.page, history.batch) = (7, 3);
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
                let level = match past.slot <= self.final_slot {
                    true => "finalized",
                    false => "confirmed",
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
        // The first call has the same bytes and goes to another program.
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

/// A store that would keep what it is told twice.
#[derive(Default)]
struct Kept(Mutex<(Option<Cursor>, Vec<RecordedEvent>)>);

impl Kept {
    fn numbers(&self) -> Vec<u64> {
        let kept = self.0.lock().unwrap();
        let number = |one: &RecordedEvent| match &one.event {
            ProgramEvent::JobExpired(event) => u64::from(event.shards),
            other => panic!("{other:?}"),
        };
        kept.1.iter().map(number).collect()
    }
}

#[async_trait]
impl CursorStore for Kept {
    async fn load(&self) -> Result<Option<Cursor>, ChainError> {
        Ok(self.0.lock().unwrap().0.clone())
    }

    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError> {
        let mut kept = self.0.lock().unwrap();
        kept.0 = Some(cursor.clone());
        kept.1.extend_from_slice(events);
        Ok(())
    }
}

/// All that went through, in order.
fn expected(transactions: u64) -> Vec<u64> {
    (0..transactions).filter(|at| at % 5 != 4).collect()
}

#[tokio::test]
async fn history_is_read_over_many_pages_in_order_and_goes_on_from_where_it_was() {
    let (node, store) = (Node::new(50), Arc::new(Kept::default()));
    let history = node.history(&store);
    assert_eq!(history.catch_up().await.unwrap(), 40);
    assert!(node.memory().pages > 7);
    assert_eq!(store.numbers(), expected(50));
    assert_eq!(history.catch_up().await.unwrap(), 0);
    node.memory().grow(25);
    assert_eq!(history.catch_up().await.unwrap(), 20);
    assert_eq!(store.numbers(), expected(75));
    let kept = store.0.lock().unwrap();
    let (first, last) = (&kept.1[0], &kept.1[59]);
    assert_eq!(
        (first.slot, first.time, first.position),
        (100, Some(1_100), 1)
    );
    assert!(last.slot > first.slot);
}

#[tokio::test]
async fn wherever_it_is_cut_short_nothing_is_missing_or_told_twice_afterwards() {
    for calls in 0..60 {
        let (node, store) = (Node::new(30), Arc::new(Kept::default()));
        node.memory().calls_left = Some(calls);
        let _ = node.history(&store).catch_up().await;
        assert!(store.numbers().len() <= 24);
        // Another process goes on, with a little more to do.
        node.memory().calls_left = None;
        node.memory().grow(3);
        node.history(&store).catch_up().await.unwrap();
        assert_eq!(store.numbers(), expected(33), "cut after {calls} calls");
    }
}

#[tokio::test]
async fn a_history_that_is_longer_than_what_is_kept_is_walked_again() {
    let (node, store) = (Node::new(50), Arc::new(Kept::default()));
    let mut history = node.history(&store);
    history.max_kept = 12;
    assert_eq!(history.catch_up().await.unwrap(), 40);
    assert_eq!(store.numbers(), expected(50));
}

#[tokio::test]
async fn what_is_not_final_is_not_history_yet() {
    let (node, store) = (Node::new(20), Arc::new(Kept::default()));
    let history = node.history(&store);
    node.memory().final_slot = 104;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(10));
    node.memory().final_slot = 109;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(20));
}

#[tokio::test]
async fn an_endpoint_that_has_forgotten_makes_no_gap() {
    let (node, store) = (Node::new(20), Arc::new(Kept::default()));
    let history = node.history(&store);
    history.catch_up().await.unwrap();
    node.memory().grow(20);
    node.memory().known_from = 30;
    let told = history.catch_up().await.unwrap_err();
    assert!(
        matches!(told, ChainError::HistoryGap { from: 109, to: 115 }),
        "{told}"
    );
    assert_eq!(store.numbers(), expected(20));
    node.memory().known_from = 0;
    history.catch_up().await.unwrap();
    assert_eq!(store.numbers(), expected(40));
}
