//! A proxy in front of a validator's RPC that drops, repeats, delays, refuses and falsifies what passes
//! through it, as networks and shared RPC nodes do. Every random choice comes from a seed.

mod delayed;
mod websocket;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Which faults occur. Numbers without a unit are percentages of what passes through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Every call fails.
    pub down: bool,
    /// Every `sendTransaction` fails.
    pub rejects_transactions: bool,
    /// `getSlot` answers this many slots more than the validator's slot.
    pub slots_ahead: u64,
    /// No notification arrives.
    pub muted: bool,
    /// Notifications that are lost.
    pub lost: u32,
    /// Notifications that arrive twice.
    pub repeated: u32,
    /// Notifications that arrive up to half a second late, so possibly after newer ones.
    pub late: u32,
    /// Notifications after which the websocket is closed.
    pub cut: u32,
    /// Calls answered with `429 Too Many Requests`.
    pub rate_limited: u32,
    /// Calls that fail before they reach the validator.
    pub failing: u32,
    /// Calls whose answer is lost although the validator executed them.
    pub unanswered: u32,
    /// Answers whose context slot is falsified to an earlier one.
    pub stale: u32,
    /// Transactions whose copies are all held back and delivered much later: some while they can still
    /// land, some after that. The sender only sees a timeout.
    pub held_back: u32,
}

/// How often each fault occurred.
#[derive(Debug, Default)]
pub struct Counts {
    /// Calls passed on to the validator.
    pub forwarded: AtomicU64,
    /// Notifications lost, repeated or late.
    pub notifications: AtomicU64,
    /// Websockets closed.
    pub cuts: AtomicU64,
    /// Calls refused, failed or not answered.
    pub failed_calls: AtomicU64,
    /// Answers with a falsified slot.
    pub stale_answers: AtomicU64,
    /// Transactions held back.
    pub held_back: AtomicU64,
    /// Held transactions delivered to the validator.
    pub delivered_late: AtomicU64,
}

/// A running proxy. Dropping it stops it.
pub struct FaultyRpc {
    pub rpc_url: String,
    pub ws_url: String,
    proxy: Proxy,
    _stop: DropGuard,
}

/// State shared by the handlers.
#[derive(Clone)]
struct Proxy {
    rpc_url: Arc<str>,
    ws_url: Arc<str>,
    faults: Arc<Mutex<Faults>>,
    client: reqwest::Client,
    rng: Arc<Mutex<StdRng>>,
    counts: Arc<Counts>,
    delayed: Arc<delayed::Delayed>,
    stop: CancellationToken,
}

impl FaultyRpc {
    /// Starts a proxy in front of the validator at these addresses.
    pub async fn start(rpc_url: &str, ws_url: &str, faults: Faults, seed: u64) -> Result<Self> {
        let stop = CancellationToken::new();
        let proxy = Proxy {
            rpc_url: rpc_url.into(),
            ws_url: ws_url.into(),
            faults: Arc::new(Mutex::new(faults)),
            client: reqwest::Client::new(),
            rng: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
            counts: Arc::default(),
            delayed: Arc::default(),
            stop: stop.clone(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let handlers = post(call).get(websocket::upgrade);
        let router = Router::new().route("/", handlers).with_state(proxy.clone());
        let server = axum::serve(listener, router);
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                // The server runs until it is stopped; an error shows up in the callers.
                _ = server => {}
            }
        });
        Ok(Self {
            rpc_url: format!("http://127.0.0.1:{port}"),
            ws_url: format!("ws://127.0.0.1:{port}"),
            proxy,
            _stop: stop.drop_guard(),
        })
    }

    /// Starts a proxy without faults; [`set`](Self::set) turns faults on.
    pub async fn transparent(rpc_url: &str, ws_url: &str) -> Result<Self> {
        Self::start(rpc_url, ws_url, Faults::default(), 0).await
    }

    /// Replaces the faults.
    pub fn set(&self, faults: Faults) {
        *self.proxy.faults.lock() = faults;
    }

    pub fn counts(&self) -> &Counts {
        &self.proxy.counts
    }
}

impl Proxy {
    fn faults(&self) -> Faults {
        *self.faults.lock()
    }

    /// True for `percent` of the calls.
    fn happens(&self, percent: u32) -> bool {
        percent > 0 && self.below(100) < u64::from(percent)
    }

    fn below(&self, end: u64) -> u64 {
        self.rng.lock().random_range(0..end)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn answer(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn method_of(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|call| Some(call.get("method")?.as_str()?.to_owned()))
        .unwrap_or_default()
}

async fn call(State(proxy): State<Proxy>, body: Bytes) -> Response {
    let faults = proxy.faults();
    if faults.down || (faults.rejects_transactions && method_of(&body) == "sendTransaction") {
        count(&proxy.counts.failed_calls);
        return answer(StatusCode::BAD_GATEWAY);
    }
    if proxy.happens(faults.rate_limited) {
        count(&proxy.counts.failed_calls);
        let mut response = answer(StatusCode::TOO_MANY_REQUESTS);
        let one_second = header::HeaderValue::from_static("1");
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, one_second);
        return response;
    }
    if proxy.happens(faults.failing) {
        count(&proxy.counts.failed_calls);
        return answer(StatusCode::BAD_GATEWAY);
    }
    if faults.held_back > 0 && delayed::hold_back(&proxy, faults.held_back, &body) {
        return answer(StatusCode::GATEWAY_TIMEOUT);
    }
    let Ok(body) = forward(&proxy, faults, body).await else {
        return answer(StatusCode::BAD_GATEWAY);
    };
    if proxy.happens(faults.unanswered) {
        count(&proxy.counts.failed_calls);
        tokio::time::sleep(Duration::from_millis(proxy.below(300))).await;
        return answer(StatusCode::GATEWAY_TIMEOUT);
    }
    let mut response = Response::new(Body::from(body));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Calls the validator and returns its answer, possibly falsified.
async fn forward(proxy: &Proxy, faults: Faults, body: Bytes) -> Result<Bytes> {
    count(&proxy.counts.forwarded);
    let shifts_slot = faults.slots_ahead > 0 && method_of(&body) == "getSlot";
    let request = proxy.client.post(&*proxy.rpc_url).body(body);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let answer = request.send().await?.bytes().await?;
    let stale = proxy.happens(faults.stale);
    if !stale && !shifts_slot {
        return Ok(answer);
    }
    let mut value: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
    if shifts_slot && let Some(slot) = value.get_mut("result") {
        *slot = (slot.as_u64().unwrap_or(0) + faults.slots_ahead).into();
    }
    if stale && let Some(slot) = value.pointer_mut("/result/context/slot") {
        let earlier = slot.as_u64().unwrap_or(0).saturating_sub(proxy.below(64));
        *slot = earlier.into();
        count(&proxy.counts.stale_answers);
    }
    Ok(serde_json::to_vec(&value)?.into())
}
