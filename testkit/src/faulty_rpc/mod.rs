//! A bad network: what stands between an orchestrator and a validator, and does what networks and
//! shared RPC nodes do on their worst days. Every choice comes from a seed.

mod held;
pub mod lever;
mod socket;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What goes wrong, each in percent of what passes unless it says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// No notification arrives at all.
    pub muted: bool,
    /// Notifications that are lost.
    pub lost: u32,
    /// Notifications that come twice.
    pub repeated: u32,
    /// Notifications that come up to half a second late, and so behind later ones.
    pub late: u32,
    /// Notifications after which the socket is cut.
    pub cut: u32,
    /// Calls that are answered with «too many requests».
    pub limited: u32,
    /// Calls that fail before they reach the validator.
    pub failing: u32,
    /// Calls whose answer is lost: the validator has done what was asked.
    pub unanswered: u32,
    /// Answers that are said to be from an earlier slot.
    pub stale: u32,
    /// Transactions that are held back, every copy of them, and delivered much later: some while they can
    /// still land, some after that. Nobody hears of it.
    pub held: u32,
}

/// How often each thing went wrong.
#[derive(Debug, Default)]
pub struct Counts {
    /// Calls that were passed on.
    pub passed: AtomicU64,
    /// Notifications lost, repeated or late.
    pub notifications: AtomicU64,
    /// Sockets cut.
    pub cuts: AtomicU64,
    /// Calls refused, failed or not answered.
    pub calls: AtomicU64,
    /// Answers with a wrong slot.
    pub lies: AtomicU64,
    /// Transactions held back.
    pub held: AtomicU64,
    /// Transactions delivered late.
    pub delivered: AtomicU64,
}

/// A running proxy. Dropping it ends it.
pub struct Proxy {
    /// Where calls go.
    pub rpc_url: String,
    /// Where subscriptions go.
    pub ws_url: String,
    way: Way,
    _stop: DropGuard,
}

/// What its parts share.
#[derive(Clone)]
struct Way {
    rpc_url: Arc<str>,
    ws_url: Arc<str>,
    faults: Faults,
    client: reqwest::Client,
    dice: Arc<Mutex<StdRng>>,
    counts: Arc<Counts>,
    held: Arc<held::Held>,
    stop: CancellationToken,
}

impl Proxy {
    /// Stands before a validator.
    pub async fn start(rpc_url: &str, ws_url: &str, faults: Faults, seed: u64) -> Result<Self> {
        let stop = CancellationToken::new();
        let way = Way {
            rpc_url: rpc_url.into(),
            ws_url: ws_url.into(),
            faults,
            client: reqwest::Client::new(),
            dice: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
            counts: Arc::default(),
            held: Arc::default(),
            stop: stop.clone(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let handlers = post(call).get(socket::socket);
        let router = Router::new().route("/", handlers).with_state(way.clone());
        let served = axum::serve(listener, router);
        let ended = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                // It ends with the token; an error would be seen by whoever calls it.
                _ = served => {}
            }
        });
        Ok(Self {
            rpc_url: format!("http://127.0.0.1:{port}"),
            ws_url: format!("ws://127.0.0.1:{port}"),
            way,
            _stop: stop.drop_guard(),
        })
    }

    /// How often each thing went wrong so far.
    pub fn counts(&self) -> &Counts {
        &self.way.counts
    }
}

impl Way {
    /// Whether something happens that happens so often in a hundred.
    fn happens(&self, percent: u32) -> bool {
        percent > 0 && self.below(100) < u64::from(percent)
    }

    fn below(&self, end: u64) -> u64 {
        let mut dice = self.dice.lock().unwrap_or_else(|held| held.into_inner());
        dice.random_range(0..end)
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

/// Passes a call on.
async fn call(State(way): State<Way>, body: Bytes) -> Response {
    if way.happens(way.faults.limited) {
        count(&way.counts.calls);
        let mut response = answer(StatusCode::TOO_MANY_REQUESTS);
        let soon = header::HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, soon);
        return response;
    }
    if way.happens(way.faults.failing) {
        count(&way.counts.calls);
        return answer(StatusCode::BAD_GATEWAY);
    }
    if way.faults.held > 0 && held::hold(&way, &body) {
        return answer(StatusCode::GATEWAY_TIMEOUT);
    }
    let Ok(said) = pass_on(&way, body).await else {
        return answer(StatusCode::BAD_GATEWAY);
    };
    if way.happens(way.faults.unanswered) {
        count(&way.counts.calls);
        tokio::time::sleep(Duration::from_millis(way.below(300))).await;
        return answer(StatusCode::GATEWAY_TIMEOUT);
    }
    let mut response = Response::new(Body::from(said));
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn pass_on(way: &Way, body: Bytes) -> Result<Bytes> {
    count(&way.counts.passed);
    let request = way.client.post(&*way.rpc_url).body(body);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let said = request.send().await?.bytes().await?;
    if !way.happens(way.faults.stale) {
        return Ok(said);
    }
    let mut value: Value = serde_json::from_slice(&said).context("an answer that is no JSON")?;
    if let Some(slot) = value.pointer_mut("/result/context/slot") {
        let earlier = slot.as_u64().unwrap_or(0).saturating_sub(way.below(64));
        *slot = earlier.into();
        count(&way.counts.lies);
    }
    Ok(serde_json::to_vec(&value)?.into())
}
