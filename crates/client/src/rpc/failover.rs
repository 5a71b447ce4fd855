//! Failover between RPC endpoints: the first healthy one answers, in order of preference.
//!
//! An endpoint that cannot be reached, reports that it is unhealthy, or lags far behind the others is put
//! on cooldown, and the call goes to the next one. An error about the request itself (a refusal, an
//! invalid address) is an answer and is returned. An endpoint of another cluster is never used: the
//! genesis hash of each is checked before its first call.

use crate::failpoint;
use crate::rpc::redact::{redact_text, redact_url};
use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;
use solana_client::client_error::reqwest::StatusCode;
use solana_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client_api::client_error::{Error, ErrorKind, Result};
use solana_rpc_client_api::request::{RpcError, RpcRequest};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long a failed endpoint is only used if no other one answers.
const COOLDOWN: Duration = Duration::from_secs(15);
/// Error of a node that reports that it lags.
const NODE_UNHEALTHY: i64 = -32_005;
/// Error of a node that has not reached the slot that the request asks for.
const SLOT_NOT_REACHED: i64 = -32_016;
/// Slots that an answer may be behind the newest one. Finalized blocks are 32 behind, and half a minute is
/// not worth a change of endpoints.
const MAX_LAG_SLOTS: u64 = 100;

struct Endpoint<S> {
    sender: S,
    cooldown_until: Mutex<Option<Instant>>,
    /// Whether it belongs to the right cluster; unset until it first answers.
    belongs: OnceLock<bool>,
}

/// Sends each request to the first endpoint that answers it.
pub struct FailoverSender<S> {
    endpoints: Vec<Endpoint<S>>,
    genesis: OnceLock<Value>,
    cooldown: Duration,
    /// The newest slot of any answer.
    newest_slot: AtomicU64,
}

impl<S: RpcSender + Send + Sync> FailoverSender<S> {
    /// A sender over these endpoints, in order of preference.
    pub fn new(senders: impl IntoIterator<Item = S>) -> Self {
        let endpoint = |sender| Endpoint {
            sender,
            cooldown_until: Mutex::new(None),
            belongs: OnceLock::new(),
        };
        Self {
            endpoints: senders.into_iter().map(endpoint).collect(),
            genesis: OnceLock::new(),
            cooldown: COOLDOWN,
            newest_slot: AtomicU64::new(0),
        }
    }

    /// Whether an endpoint belongs to the cluster that answered first.
    async fn belongs(&self, endpoint: &Endpoint<S>) -> Result<bool> {
        if let Some(known) = endpoint.belongs.get() {
            return Ok(*known);
        }
        let request = RpcRequest::GetGenesisHash;
        let found = endpoint.sender.send(request, Value::Null).await?;
        let same = *self.genesis.get_or_init(|| found.clone()) == found;
        if !same {
            let url = redact_url(&endpoint.sender.url());
            warn!(url, genesis = %found, "RPC endpoint belongs to another cluster; ignoring it");
        }
        Ok(*endpoint.belongs.get_or_init(|| same))
    }

    /// Whether the slot of an answer is far behind those of other answers.
    fn lags(&self, answer: &Value) -> bool {
        let Some(slot) = answer.pointer("/context/slot").and_then(Value::as_u64) else {
            return false;
        };
        let newest = self.newest_slot.fetch_max(slot, Ordering::Relaxed);
        slot.saturating_add(MAX_LAG_SLOTS) < newest
    }

    async fn request(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let cooldowns = self.endpoints.iter().map(|one| *one.cooldown_until.lock());
        let cooldowns: Vec<Option<Instant>> = cooldowns.collect();
        let (mut last_error, mut lagging_answer) = (None, None);
        for index in order(&cooldowns, Instant::now()) {
            let endpoint = &self.endpoints[index];
            let answer = match self.belongs(endpoint).await {
                Ok(true) => endpoint.sender.send(request, params.clone()).await,
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            match answer {
                Err(error) if is_endpoint_fault(&error) => {
                    endpoint.start_cooldown(self.cooldown, &error);
                    last_error = Some(error);
                }
                Ok(answer) if self.lags(&answer) => {
                    let error = ErrorKind::Custom("the endpoint lags".into()).into();
                    endpoint.start_cooldown(self.cooldown, &error);
                    lagging_answer.get_or_insert(answer);
                }
                answered => {
                    endpoint.end_cooldown();
                    return answered;
                }
            }
        }
        // Better than nothing, if no endpoint is up to date.
        if let Some(answer) = lagging_answer {
            return Ok(answer);
        }
        Err(last_error.unwrap_or_else(|| {
            ErrorKind::Custom("no endpoint belongs to this cluster".into()).into()
        }))
    }
}

impl<S: RpcSender> Endpoint<S> {
    fn start_cooldown(&self, cooldown: Duration, error: &Error) {
        let until = Instant::now() + cooldown;
        if self.cooldown_until.lock().replace(until).is_none() {
            let url = redact_url(&self.sender.url());
            let error = redact_text(&error.to_string());
            warn!(url, error, "RPC endpoint failed; using the next one");
        }
    }

    fn end_cooldown(&self) {
        if self.cooldown_until.lock().take().is_some() {
            let url = redact_url(&self.sender.url());
            info!(url, "RPC endpoint recovered");
        }
    }
}

/// The order in which endpoints are used: those that are not on cooldown by preference, then the others,
/// the one whose cooldown ends first before the rest.
fn order(cooldowns: &[Option<Instant>], now: Instant) -> Vec<usize> {
    let mut order: Vec<usize> = (0..cooldowns.len()).collect();
    order.sort_by_key(|index| cooldowns[*index].filter(|until| *until > now));
    order
}

/// Whether an error is about the endpoint rather than the request.
fn is_endpoint_fault(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Io(_) | ErrorKind::Middleware(_) => true,
        ErrorKind::Reqwest(error) => error.status().is_none_or(|status| {
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
        }),
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => {
            *code == NODE_UNHEALTHY || *code == SLOT_NOT_REACHED
        }
        ErrorKind::RpcError(RpcError::RpcRequestError(_)) | ErrorKind::SerdeJson(_) => true,
        _ => false,
    }
}

#[async_trait]
impl<S: RpcSender + Send + Sync> RpcSender for FailoverSender<S> {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let method = request.to_string();
        failpoint::before("rpc", &method);
        let answer = self.request(request, params).await;
        failpoint::after("rpc", &method);
        answer
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        let first = self.endpoints.first();
        first.map_or_else(Default::default, |e| e.sender.get_transport_stats())
    }

    fn url(&self) -> String {
        let urls: Vec<String> = self.endpoints.iter().map(|e| e.sender.url()).collect();
        urls.join(",")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    /// An endpoint that is up or down, and counts its requests.
    #[derive(Clone)]
    struct Node {
        name: &'static str,
        genesis: &'static str,
        up: Arc<AtomicBool>,
        asked: Arc<AtomicUsize>,
        slot: Arc<AtomicU64>,
    }

    fn node(name: &'static str, genesis: &'static str) -> Node {
        Node {
            name,
            genesis,
            up: Arc::new(AtomicBool::new(true)),
            asked: Arc::default(),
            slot: Arc::default(),
        }
    }

    #[async_trait]
    impl RpcSender for Node {
        async fn send(&self, request: RpcRequest, _: Value) -> Result<Value> {
            if !self.up.load(Ordering::SeqCst) {
                let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
                return Err(refused.into());
            }
            match request {
                RpcRequest::GetGenesisHash => Ok(self.genesis.into()),
                RpcRequest::GetSignatureStatuses => {
                    let slot = self.slot.load(Ordering::SeqCst);
                    Ok(serde_json::json!({ "context": { "slot": slot }, "value": self.name }))
                }
                RpcRequest::GetBalance => Err(ErrorKind::Custom("no such account".into()).into()),
                _ => {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    Ok(self.name.into())
                }
            }
        }

        fn get_transport_stats(&self) -> RpcTransportStats {
            RpcTransportStats::default()
        }

        fn url(&self) -> String {
            self.name.into()
        }
    }

    async fn slot(all: &FailoverSender<Node>) -> Result<Value> {
        all.send(RpcRequest::GetSlot, Value::Null).await
    }

    #[tokio::test]
    async fn next_endpoint_answers_during_the_cooldown_of_the_first() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let mut all = FailoverSender::new([first.clone(), second.clone()]);
        assert_eq!(slot(&all).await.unwrap(), "first");
        first.up.store(false, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "second");
        first.up.store(true, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "second", "on cooldown");
        first.up.store(false, Ordering::SeqCst);
        all.endpoints[0].end_cooldown();
        all.cooldown = Duration::ZERO;
        assert_eq!(slot(&all).await.unwrap(), "second");
        first.up.store(true, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "first", "its cooldown is over");
        assert_eq!(second.asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn endpoints_on_cooldown_are_used_last() {
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        let past = now.checked_sub(Duration::from_millis(1));
        assert_eq!(order(&[None, None, None], now), [0, 1, 2]);
        assert_eq!(order(&[Some(later), None, Some(soon)], now), [1, 2, 0]);
        assert_eq!(order(&[past, None], now), [0, 1]);
    }

    #[tokio::test]
    async fn endpoints_on_cooldown_are_tried_if_all_others_fail() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let all = FailoverSender::new([first.clone(), second.clone()]);
        for one in [&first, &second] {
            one.up.store(false, Ordering::SeqCst);
        }
        assert!(matches!(
            slot(&all).await.unwrap_err().kind(),
            ErrorKind::Io(_)
        ));
        second.up.store(true, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "second");
    }

    #[tokio::test]
    async fn endpoint_of_another_cluster_is_never_used() {
        let (first, stranger) = (node("first", "g"), node("stranger", "other"));
        let all = FailoverSender::new([first.clone(), stranger.clone()]);
        assert_eq!(slot(&all).await.unwrap(), "first");
        first.up.store(false, Ordering::SeqCst);
        assert!(slot(&all).await.is_err());
        assert_eq!(stranger.asked.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn errors_about_the_request_are_answers() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let all = FailoverSender::new([first, second.clone()]);
        let answer = all.send(RpcRequest::GetBalance, Value::Null).await;
        assert!(matches!(answer.unwrap_err().kind(), ErrorKind::Custom(_)));
        assert_eq!(second.asked.load(Ordering::SeqCst), 0);
        assert_eq!(
            slot(&all).await.unwrap(),
            "first",
            "and no reason for a cooldown"
        );
    }

    #[tokio::test]
    async fn lagging_endpoint_is_used_only_if_no_other_answers() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let all = FailoverSender::new([first.clone(), second.clone()]);
        let answering = async || {
            let request = RpcRequest::GetSignatureStatuses;
            let answer = all.send(request, Value::Null).await.unwrap();
            answer["value"].clone()
        };
        first.slot.store(1_000, Ordering::SeqCst);
        second.slot.store(1_000, Ordering::SeqCst);
        assert_eq!(answering().await, "first");
        first.slot.store(1_000 - MAX_LAG_SLOTS, Ordering::SeqCst);
        assert_eq!(
            answering().await,
            "first",
            "finalized blocks are behind too"
        );
        first.slot.store(999 - MAX_LAG_SLOTS, Ordering::SeqCst);
        assert_eq!(answering().await, "second");
        second.up.store(false, Ordering::SeqCst);
        assert_eq!(answering().await, "first");
    }
}
