//! A way to the validator with levers: what goes wrong on it is chosen while it runs.

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What goes wrong right now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pulled {
    /// No call is answered well.
    pub down: bool,
    /// Transactions are not taken.
    pub no_sends: bool,
    /// Slots that the endpoint says it is ahead of what it answers from.
    pub ahead: u64,
}

/// A running way. Dropping it ends it.
pub struct Lever {
    /// Where calls go.
    pub rpc_url: String,
    way: Way,
    _stop: DropGuard,
}

#[derive(Clone)]
struct Way {
    rpc_url: Arc<str>,
    client: reqwest::Client,
    pulled: Arc<Mutex<Pulled>>,
}

impl Way {
    fn pulled(&self) -> MutexGuard<'_, Pulled> {
        self.pulled.lock().unwrap_or_else(|held| held.into_inner())
    }
}

impl Lever {
    /// Stands before the calls of a validator; its subscriptions go by another way.
    pub async fn start(rpc_url: &str) -> Result<Self> {
        let stop = CancellationToken::new();
        let way = Way {
            rpc_url: rpc_url.into(),
            client: reqwest::Client::new(),
            pulled: Arc::default(),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let router = Router::new().route("/", post(call)).with_state(way.clone());
        let (served, ended) = (axum::serve(listener, router), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = ended.cancelled() => {}
                // It ends with the token; an error would be seen by whoever calls it.
                _ = served => {}
            }
        });
        Ok(Self {
            rpc_url: format!("http://127.0.0.1:{port}"),
            way,
            _stop: stop.drop_guard(),
        })
    }

    /// Pulls levers, and lets go of the others.
    pub fn pull(&self, pulled: Pulled) {
        *self.way.pulled() = pulled;
    }
}

async fn call(State(way): State<Way>, body: Bytes) -> Response {
    let pulled = *way.pulled();
    let method = serde_json::from_slice::<Value>(&body)
        .ok()
        .and_then(|call| Some(call.get("method")?.as_str()?.to_owned()))
        .unwrap_or_default();
    if pulled.down || (pulled.no_sends && method == "sendTransaction") {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    match pass_on(&way, body, pulled, &method).await {
        Ok(said) => ([(header::CONTENT_TYPE, "application/json")], said).into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn pass_on(way: &Way, body: Bytes, pulled: Pulled, method: &str) -> Result<Vec<u8>> {
    let request = way.client.post(&*way.rpc_url).body(body);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let said = request.send().await?.bytes().await?;
    if pulled.ahead == 0 || method != "getSlot" {
        return Ok(said.into());
    }
    let mut value: Value = serde_json::from_slice(&said)?;
    if let Some(slot) = value.get_mut("result") {
        *slot = (slot.as_u64().unwrap_or(0) + pulled.ahead).into();
    }
    Ok(serde_json::to_vec(&value)?)
}
