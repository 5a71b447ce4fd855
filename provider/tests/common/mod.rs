//! A pretended orchestrator, and what the tests give it to hand out.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};
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
use millrace_provider::{Behaviour, Config, Handle, Status, start};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub const NETWORK: Digest = [2; 32];
pub const PROVIDER: Pubkey = Pubkey::new_from_array([3; 32]);
/// Nothing in these tests takes nearly as long, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Copies its standard input to its standard output.
pub const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 0) (i32.const 64))
        (i32.store (i32.const 4) (i32.const 1024))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
/// Never ends.
pub const LOOP: &str = r#"(module (func (export "_start") (loop (br 0))))"#;
/// So much fuel that [`LOOP`] runs for days.
pub const ENDLESS: u64 = 1_000_000_000_000_000;

/// Waits for `what`, but not for ever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it never came")
}

/// Waits until an agent's status is so.
pub async fn until(agent: &Handle, is_so: impl FnMut(&Status) -> bool) -> Status {
    let mut status = agent.status();
    soon(status.wait_for(is_so)).await.unwrap().clone()
}

#[derive(Default)]
struct Shelf {
    blobs: HashMap<String, Vec<u8>>,
    gets: HashMap<String, usize>,
    puts: usize,
}

#[derive(Clone)]
struct Desk {
    shelf: Arc<Mutex<Shelf>>,
    links: mpsc::UnboundedSender<Link>,
}

/// The pretended orchestrator: blobs by HTTP, and connections that a test speaks on by itself.
pub struct Fake {
    pub url: String,
    shelf: Arc<Mutex<Shelf>>,
    links: mpsc::UnboundedReceiver<Link>,
}

/// A connection of an agent; dropped, it is cut.
pub struct Link {
    to: mpsc::UnboundedSender<ToAgent>,
    from: mpsc::UnboundedReceiver<FromAgent>,
}

impl Fake {
    pub async fn start() -> Self {
        let (sender, links) = mpsc::unbounded_channel();
        let shelf = Arc::default();
        let desk = Desk {
            shelf: Arc::clone(&shelf),
            links: sender,
        };
        let app = Router::new()
            .route("/v1/agents", get(connect))
            .route("/v1/blobs/{name}", get(give).head(has).put(take))
            .with_state(desk);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, shelf, links }
    }

    /// The next connection, at its very beginning.
    pub async fn connection(&mut self) -> Link {
        soon(self.links.recv()).await.unwrap()
    }

    /// The next connection, let in on [`NETWORK`].
    pub async fn agent(&mut self) -> Link {
        let mut link = self.connection().await;
        link.challenge(NETWORK);
        let hello = link.heard().await;
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
        link.say(ToAgent::Welcome { provider });
        link
    }

    pub fn add(&self, content: &[u8]) -> Digest {
        let digest = sha256(&[content]);
        self.add_as(&digest, content);
        digest
    }

    /// Stores `content` under a name, though it may have another hash.
    pub fn add_as(&self, digest: &Digest, content: &[u8]) {
        let mut shelf = self.shelf.lock().unwrap();
        shelf.blobs.insert(hex::encode(digest), content.to_vec());
    }

    pub fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.shelf
            .lock()
            .unwrap()
            .blobs
            .get(&hex::encode(digest))
            .cloned()
    }

    /// How often a blob was asked for.
    pub fn gets(&self, digest: &Digest) -> usize {
        let shelf = self.shelf.lock().unwrap();
        shelf.gets.get(&hex::encode(digest)).copied().unwrap_or(0)
    }

    pub fn puts(&self) -> usize {
        self.shelf.lock().unwrap().puts
    }

    /// Stores a job, and gives the task of its one shard, which reads "first".
    pub fn job(&self, text: &str, fuel: u64) -> Task {
        let program = wat::parse_str(text).unwrap();
        self.add(&program);
        self.job_of(&program, fuel)
    }

    /// The same for a program that is not stored.
    pub fn job_of(&self, program: &[u8], fuel: u64) -> Task {
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
    pub fn say(&self, message: ToAgent) {
        self.to.send(message).unwrap();
    }

    pub fn challenge(&self, network_id: Digest) {
        self.say(ToAgent::Challenge {
            protocol: PROTOCOL_VERSION,
            nonce: [9; 32],
            network_id,
            genesis: "test".to_owned(),
        });
    }

    pub fn run(&self, task: &Task) {
        self.say(ToAgent::Run { task: task.clone() });
    }

    pub fn reveal(&self, task: &Task) {
        self.say(ToAgent::Reveal {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
        });
    }

    pub fn release(&self, task: &Task) {
        self.say(ToAgent::Release {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
            outcome: "paid".to_owned(),
        });
    }

    pub async fn heard(&mut self) -> FromAgent {
        soon(self.from.recv()).await.expect("the agent hung up")
    }

    /// Waits until the agent has hung up; gives what it said before.
    pub async fn hung_up(&mut self) -> Vec<FromAgent> {
        let mut said = Vec::new();
        while let Some(message) = soon(self.from.recv()).await {
            said.push(message);
        }
        said
    }
}

async fn connect(State(desk): State<Desk>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let (to, orders) = mpsc::unbounded_channel();
        let (reports, from) = mpsc::unbounded_channel();
        if desk.links.send(Link { to, from }).is_ok() {
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
                    // The test may have let go of the link by now.
                    let _ = reports.send(decode(&text).unwrap());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}

async fn give(State(desk): State<Desk>, Path(name): Path<String>) -> Result<Vec<u8>, StatusCode> {
    let mut shelf = desk.shelf.lock().unwrap();
    *shelf.gets.entry(name.clone()).or_default() += 1;
    shelf.blobs.get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn has(State(desk): State<Desk>, Path(name): Path<String>) -> StatusCode {
    match desk.shelf.lock().unwrap().blobs.contains_key(&name) {
        true => StatusCode::OK,
        false => StatusCode::NOT_FOUND,
    }
}

async fn take(State(desk): State<Desk>, Path(name): Path<String>, body: Bytes) -> StatusCode {
    let mut shelf = desk.shelf.lock().unwrap();
    shelf.blobs.insert(name, body.to_vec());
    shelf.puts += 1;
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

pub fn config(fake: &Fake, data: &FilePath) -> Config {
    Config {
        orchestrators: vec![fake.url.clone()],
        provider: PROVIDER,
        operator: Keypair::new_from_array([4; 32]),
        data: data.to_owned(),
        capacity: 2,
        behaviour: Behaviour::Honest,
    }
}

/// An agent with what stops it.
pub struct Agent {
    pub handle: Handle,
    stop: CancellationToken,
}

impl Agent {
    pub fn start(config: Config) -> Self {
        let stop = CancellationToken::new();
        let handle = start(config, stop.clone()).unwrap();
        Self { handle, stop }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        soon(self.handle.join()).await.unwrap();
    }
}
