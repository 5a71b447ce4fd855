//! Several RPC endpoints as one: the first that is well answers, in the order in which they were given.
//!
//! One that can't be reached, says that it is not well, or lags far behind the others rests for a while;
//! the call goes on to the next. What an endpoint says about the request itself (a refusal, a wrong address) is an answer, and
//! nobody else is asked. An endpoint of another cluster is never used: each shows its genesis first.

use crate::failpoint;
use crate::rpc::redact::{redact_text, redact_url};
use async_trait::async_trait;
use serde_json::Value;
use solana_client::client_error::reqwest::StatusCode;
use solana_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client_api::client_error::{Error, ErrorKind, Result};
use solana_rpc_client_api::request::{RpcError, RpcRequest};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// How long an endpoint that failed is asked only where no other answers.
const COOLDOWN: Duration = Duration::from_secs(15);
/// Error of a node that says of itself that it lags.
const NODE_UNHEALTHY: i64 = -32_005;
/// Error of a node that has not seen the slot that the question is about.
const SLOT_NOT_REACHED: i64 = -32_016;
/// Slots that an answer may be behind the newest one: finalized blocks are 32 behind, and half a minute
/// is not worth changing endpoints.
const MAX_LAG_SLOTS: u64 = 100;

/// One of several.
struct Endpoint<S> {
    sender: S,
    rests_until: Mutex<Option<Instant>>,
    /// Whether it is of the right cluster; unknown until it first answers.
    belongs: OnceLock<bool>,
}

/// All of them.
pub struct FailoverSender<S> {
    all: Vec<Endpoint<S>>,
    genesis: OnceLock<Value>,
    rest: Duration,
    /// The newest slot that an answer was of.
    newest: AtomicU64,
}

impl<S: RpcSender + Send + Sync> FailoverSender<S> {
    /// FailoverSender by preference.
    pub fn new(senders: impl IntoIterator<Item = S>) -> Self {
        let endpoint = |sender| Endpoint {
            sender,
            rests_until: Mutex::new(None),
            belongs: OnceLock::new(),
        };
        Self {
            all: senders.into_iter().map(endpoint).collect(),
            genesis: OnceLock::new(),
            rest: COOLDOWN,
            newest: AtomicU64::new(0),
        }
    }

    /// Whether an endpoint is of the cluster that the first answer came from.
    async fn belongs(&self, endpoint: &Endpoint<S>) -> Result<bool> {
        if let Some(known) = endpoint.belongs.get() {
            return Ok(*known);
        }
        let request = (RpcRequest::GetGenesisHash, Value::Null);
        let found = endpoint.sender.send(request.0, request.1).await?;
        let same = *self.genesis.get_or_init(|| found.clone()) == found;
        if !same {
            let url = redact_url(&endpoint.sender.url());
            warn!(url, genesis = %found, "an endpoint is of another cluster, and is not used");
        }
        Ok(*endpoint.belongs.get_or_init(|| same))
    }

    /// Whether an answer is of a slot far behind what other answers were of.
    fn lags(&self, answer: &Value) -> bool {
        let Some(slot) = answer.pointer("/context/slot").and_then(Value::as_u64) else {
            return false;
        };
        let newest = self.newest.fetch_max(slot, Ordering::Relaxed);
        slot.saturating_add(MAX_LAG_SLOTS) < newest
    }

    async fn ask(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let now = Instant::now();
        let rests: Vec<Option<Instant>> = self.all.iter().map(|e| *e.rests_until()).collect();
        let (mut last, mut old) = (None, None);
        for at in order(&rests, now) {
            let endpoint = &self.all[at];
            let answer = match self.belongs(endpoint).await {
                Ok(true) => endpoint.sender.send(request, params.clone()).await,
                Ok(false) => continue,
                Err(error) => Err(error),
            };
            match answer {
                Err(error) if is_endpoints_fault(&error) => {
                    endpoint.rest(self.rest, &error);
                    last = Some(error);
                }
                Ok(answer) if self.lags(&answer) => {
                    endpoint.rest(self.rest, &ErrorKind::Custom("it lags".into()).into());
                    old.get_or_insert(answer);
                }
                answered => {
                    endpoint.recover();
                    return answered;
                }
            }
        }
        // Where nobody knows better, what an endpoint that lags says is all there is.
        if let Some(answer) = old {
            return Ok(answer);
        }
        let nobody = || Error::from(ErrorKind::Custom("no endpoint is of this cluster".into()));
        Err(last.unwrap_or_else(nobody))
    }
}

impl<S: RpcSender> Endpoint<S> {
    /// Until when it rests. A lock that a panic left behind still holds a whole time.
    fn rests_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.rests_until
            .lock()
            .unwrap_or_else(|held| held.into_inner())
    }

    fn rest(&self, rest: Duration, error: &Error) {
        let until = Instant::now() + rest;
        if self.rests_until().replace(until).is_none() {
            let (url, error) = (
                redact_url(&self.sender.url()),
                redact_text(&error.to_string()),
            );
            warn!(url, error, "an endpoint fails, the next one is asked");
        }
    }

    fn recover(&self) {
        if self.rests_until().take().is_some() {
            let url = redact_url(&self.sender.url());
            info!(url, "an endpoint answers again");
        }
    }
}

/// In which order endpoints are asked: those that are well by preference, then those that rest, the one
/// that has rested longest first.
fn order(rests: &[Option<Instant>], now: Instant) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rests.len()).collect();
    all.sort_by_key(|at| rests[*at].filter(|until| *until > now));
    all
}

/// Whether an error says something about the endpoint, not about the request.
fn is_endpoints_fault(error: &Error) -> bool {
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
        let answer = self.ask(request, params).await;
        failpoint::after("rpc", &method);
        answer
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        let first = self.all.first();
        first.map_or_else(Default::default, |e| e.sender.get_transport_stats())
    }

    fn url(&self) -> String {
        let urls: Vec<String> = self.all.iter().map(|e| e.sender.url()).collect();
        urls.join(",")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    /// An endpoint that is up or down, and counts what it was asked.
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
    async fn the_next_endpoint_answers_while_the_first_rests_and_the_first_again_after_it() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let mut all = FailoverSender::new([first.clone(), second.clone()]);
        assert_eq!(slot(&all).await.unwrap(), "first");
        first.up.store(false, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "second");
        first.up.store(true, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "second", "it rests");
        first.up.store(false, Ordering::SeqCst);
        all.all[0].recover();
        all.rest = Duration::ZERO;
        assert_eq!(slot(&all).await.unwrap(), "second");
        first.up.store(true, Ordering::SeqCst);
        assert_eq!(slot(&all).await.unwrap(), "first", "its rest is over");
        assert_eq!(second.asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn endpoints_are_asked_by_preference_and_those_that_rest_behind_the_others() {
        let now = Instant::now();
        let (soon, later) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        let past = now.checked_sub(Duration::from_millis(1));
        assert_eq!(order(&[None, None, None], now), [0, 1, 2]);
        assert_eq!(order(&[Some(later), None, Some(soon)], now), [1, 2, 0]);
        assert_eq!(order(&[past, None], now), [0, 1]);
    }

    #[tokio::test]
    async fn where_all_are_down_the_error_is_the_last_one_and_one_that_rests_is_asked_again() {
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
    async fn an_endpoint_of_another_cluster_is_never_used() {
        let (first, stranger) = (node("first", "g"), node("stranger", "other"));
        let all = FailoverSender::new([first.clone(), stranger.clone()]);
        assert_eq!(slot(&all).await.unwrap(), "first");
        first.up.store(false, Ordering::SeqCst);
        assert!(slot(&all).await.is_err());
        assert_eq!(stranger.asked.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn what_an_endpoint_says_of_the_request_is_an_answer() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let all = FailoverSender::new([first, second.clone()]);
        let answer = all.send(RpcRequest::GetBalance, Value::Null).await;
        assert!(matches!(answer.unwrap_err().kind(), ErrorKind::Custom(_)));
        assert_eq!(second.asked.load(Ordering::SeqCst), 0);
        assert_eq!(slot(&all).await.unwrap(), "first", "and no reason to rest");
    }

    #[tokio::test]
    async fn an_endpoint_that_lags_is_asked_only_where_no_other_answers() {
        let (first, second) = (node("first", "g"), node("second", "g"));
        let all = FailoverSender::new([first.clone(), second.clone()]);
        let who = async || {
            let request = RpcRequest::GetSignatureStatuses;
            let answer = all.send(request, Value::Null).await.unwrap();
            answer["value"].clone()
        };
        first.slot.store(1_000, Ordering::SeqCst);
        second.slot.store(1_000, Ordering::SeqCst);
        assert_eq!(who().await, "first");
        first.slot.store(1_000 - MAX_LAG_SLOTS, Ordering::SeqCst);
        assert_eq!(who().await, "first", "finalized blocks are behind as well");
        first.slot.store(999 - MAX_LAG_SLOTS, Ordering::SeqCst);
        assert_eq!(who().await, "second");
        second.up.store(false, Ordering::SeqCst);
        assert_eq!(who().await, "first");
    }
}
