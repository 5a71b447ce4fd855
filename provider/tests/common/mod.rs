//! A scripted orchestrator for the tests of the agent.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use millrace_protocol::agent::{
    FromAgent, PROTOCOL_VERSION, Task, ToAgent, agent_challenge, decode, encode,
};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::key::Key;
use millrace_protocol::manifest::{
    Join, Manifest, RuntimeKind, ShardInput, ShardLimits, VERSION, Verification, VerifyMode,
};
use millrace_provider::{AgentConfig, AgentHandle, AgentStatus, start};
use parking_lot::Mutex;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) const NETWORK: Digest = [2; 32];
pub(crate) const PROVIDER: Pubkey = Pubkey::new_from_array([3; 32]);
/// Far above what any step takes on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Copies its standard input to its standard output.
pub(crate) const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 0) (i32.const 64))
        (i32.store (i32.const 4) (i32.const 1024))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
/// Never ends.
pub(crate) const LOOP: &str = r#"(module (func (export "_start") (loop (br 0))))"#;
/// Enough fuel for [`LOOP`] to run for days.
pub(crate) const ENDLESS: u64 = 1_000_000_000_000_000;

/// Waits for `work`, at most [`TIMEOUT`].
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, work).await.expect("timed out")
}

/// Waits until an agent's status meets a condition.
pub(crate) async fn until(
    agent: &AgentHandle,
    condition: impl FnMut(&AgentStatus) -> bool,
) -> AgentStatus {
    let mut status = agent.status();
    in_time(status.wait_for(condition)).await.unwrap().clone()
}

#[derive(Default)]
struct BlobState {
    blobs: HashMap<String, Vec<u8>>,
    gets: HashMap<String, usize>,
    puts: usize,
}

#[derive(Clone)]
struct ServerState {
    blobs: Arc<Mutex<BlobState>>,
    links: mpsc::UnboundedSender<Link>,
}

/// An orchestrator that serves blobs over HTTP and gives the agents' connections to the test.
pub(crate) struct FakeOrchestrator {
    pub url: String,
    blobs: Arc<Mutex<BlobState>>,
    links: mpsc::UnboundedReceiver<Link>,
}

/// A connection of an agent. Dropping it closes the connection.
pub(crate) struct Link {
    to: mpsc::UnboundedSender<ToAgent>,
    from: mpsc::UnboundedReceiver<FromAgent>,
}

impl FakeOrchestrator {
    pub(crate) async fn start() -> Self {
        let (sender, links) = mpsc::unbounded_channel();
        let blobs = Arc::default();
        let state = ServerState {
            blobs: Arc::clone(&blobs),
            links: sender,
        };
        let app = Router::new()
            .route("/v1/agents", get(connect))
            .route("/v1/blobs/{name}", get(give).head(has).put(take))
            .with_state(state);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, blobs, links }
    }

    /// The next connection, before the handshake.
    pub(crate) async fn connection(&mut self) -> Link {
        in_time(self.links.recv()).await.unwrap()
    }

    /// The next connection, admitted to [`NETWORK`].
    pub(crate) async fn agent(&mut self) -> Link {
        let mut link = self.connection().await;
        link.challenge(NETWORK);
        let hello = link.receive().await;
        let FromAgent::Hello {
            provider,
            operator,
            signature,
            ..
        } = hello
        else {
            panic!("{hello:?}");
        };
        let signed = agent_challenge(&NETWORK, &[9; 32], &provider.0);
        assert!(Signature::from(signature).verify(&operator.0, &signed));
        link.send(ToAgent::Welcome { provider });
        link
    }

    pub(crate) fn add(&self, content: &[u8]) -> Digest {
        let digest = sha256(&[content]);
        self.add_as(&digest, content);
        digest
    }

    /// Stores `content` under `digest`, even if its hash differs.
    pub(crate) fn add_as(&self, digest: &Digest, content: &[u8]) {
        let mut stored = self.blobs.lock();
        stored.blobs.insert(hex::encode(digest), content.to_vec());
    }

    pub(crate) fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.blobs.lock().blobs.get(&hex::encode(digest)).cloned()
    }

    /// Number of requests for a blob.
    pub(crate) fn gets(&self, digest: &Digest) -> usize {
        let stored = self.blobs.lock();
        stored.gets.get(&hex::encode(digest)).copied().unwrap_or(0)
    }

    pub(crate) fn puts(&self) -> usize {
        self.blobs.lock().puts
    }

    /// Stores a job and returns the task of its only shard, whose input is "first".
    pub(crate) fn job(&self, text: &str, fuel: u64) -> Task {
        let program = wat::parse_str(text).unwrap();
        self.add(&program);
        self.job_of(&program, fuel)
    }

    /// The same for a program that is not stored.
    pub(crate) fn job_of(&self, program: &[u8], fuel: u64) -> Task {
        let manifest = manifest(program, fuel);
        Task {
            job: Key(sha256(&[b"job", &manifest.hash()])),
            shard: 0,
            attempt: 1,
            seat: 2,
            network_id: NETWORK,
            program: Key([6; 32]),
            manifest: self.add(&manifest.to_bytes()),
            commit_by: i64::MAX,
            reveal_by: i64::MAX,
        }
    }
}

impl Link {
    pub(crate) fn send(&self, message: ToAgent) {
        self.to.send(message).unwrap();
    }

    pub(crate) fn challenge(&self, network_id: Digest) {
        self.send(ToAgent::Challenge {
            protocol: PROTOCOL_VERSION,
            nonce: [9; 32],
            network_id,
            genesis: "test".to_owned(),
        });
    }

    pub(crate) fn run(&self, task: &Task) {
        self.send(ToAgent::Run { task: task.clone() });
    }

    pub(crate) fn reveal(&self, task: &Task) {
        self.send(ToAgent::Reveal {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
        });
    }

    pub(crate) fn release(&self, task: &Task) {
        self.send(ToAgent::Release {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
            outcome: "paid".to_owned(),
        });
    }

    pub(crate) async fn receive(&mut self) -> FromAgent {
        let message = in_time(self.from.recv()).await;
        message.expect("the agent closed the connection")
    }

    /// Waits until the agent closes the connection. Returns the messages before that.
    pub(crate) async fn closed(&mut self) -> Vec<FromAgent> {
        let mut messages = Vec::new();
        while let Some(message) = in_time(self.from.recv()).await {
            messages.push(message);
        }
        messages
    }
}

async fn connect(State(state): State<ServerState>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let (to, orders) = mpsc::unbounded_channel();
        let (reports, from) = mpsc::unbounded_channel();
        if state.links.send(Link { to, from }).is_ok() {
            carry(socket, orders, reports).await;
        }
    })
}

async fn carry(
    mut socket: WebSocket,
    mut orders: mpsc::UnboundedReceiver<ToAgent>,
    reports: mpsc::UnboundedSender<FromAgent>,
) {
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return };
                let text = encode(&order).unwrap();
                if socket.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => {
                    // The test may have dropped the link.
                    let _ = reports.send(decode(&text).unwrap());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn give(
    State(state): State<ServerState>,
    Path(name): Path<String>,
) -> Result<Vec<u8>, StatusCode> {
    let mut stored = state.blobs.lock();
    *stored.gets.entry(name.clone()).or_default() += 1;
    let found = stored.blobs.get(&name).cloned();
    found.ok_or(StatusCode::NOT_FOUND)
}

async fn has(State(state): State<ServerState>, Path(name): Path<String>) -> StatusCode {
    if state.blobs.lock().blobs.contains_key(&name) {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn take(
    State(state): State<ServerState>,
    Path(name): Path<String>,
    body: Bytes,
) -> StatusCode {
    let mut stored = state.blobs.lock();
    stored.blobs.insert(name, body.to_vec());
    stored.puts += 1;
    StatusCode::CREATED
}

fn manifest(program: &[u8], fuel: u64) -> Manifest {
    Manifest {
        version: VERSION,
        name: "test".to_owned(),
        program: sha256(&[program]),
        args: Vec::new(),
        env: BTreeMap::new(),
        inputs: BTreeMap::new(),
        shards: vec![ShardInput::Inline {
            text: "first".to_owned(),
        }],
        join: Join::Concat,
        output: "out".to_owned(),
        runtime: RuntimeKind::Wasm,
        limits: ShardLimits {
            fuel,
            memory: 1 << 20,
            output: 1 << 10,
            log: 1 << 10,
            wall_ms: 24 * 60 * 60 * 1000,
        },
        verify: Verification {
            mode: VerifyMode::Quorum,
            replicas: 2,
            quorum: 2,
            max_replicas: 3,
        },
    }
}

pub(crate) fn config(fake: &FakeOrchestrator, data: &FilePath) -> AgentConfig {
    AgentConfig {
        orchestrators: vec![fake.url.clone()],
        provider: PROVIDER,
        operator: Keypair::new_from_array([4; 32]),
        data: data.to_owned(),
        capacity: 2,
        fault: None,
    }
}

/// A running agent and the token that stops it.
pub(crate) struct Agent {
    pub handle: AgentHandle,
    stop: CancellationToken,
}

impl Agent {
    pub(crate) fn start(config: AgentConfig) -> Self {
        let stop = CancellationToken::new();
        let handle = start(config, stop.clone()).unwrap();
        Self { handle, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        in_time(self.handle.join()).await.unwrap();
    }
}
