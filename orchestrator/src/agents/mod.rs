//! Agents. They connect to the orchestrator by websocket and prove that they have their provider's operator
//! key. What they submit is validated before it is stored. No agent can disturb the others.

mod auth;
mod handler;
mod limits;
mod session;

use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::observability::metrics::Metrics;
use crate::planner::AgentView;
use crate::submissions::cache::SubmissionStore;
use crate::submissions::model::SeatKey;
use governor::{DefaultDirectRateLimiter, Quota};
use limits::BanList;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_protocol::agent::ToAgent;
use millrace_protocol::hash::Digest;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Messages queued for an agent. If the queue is full, the connection is dropped.
const QUEUE_LENGTH: usize = 256;
/// A message is not repeated to the same agent within this time.
const REPEAT_INTERVAL: Duration = Duration::from_secs(4);
/// Outputs that are verified concurrently. Each can have 64 MiB.
const MAX_CONCURRENT_CHECKS: usize = 4;
/// Lookups on chain of providers that are not in the cache: burst, and rate per second.
const LOOKUP_QUOTA: Quota =
    Quota::per_second(NonZeroU32::new(2).unwrap()).allow_burst(NonZeroU32::new(20).unwrap());

/// The connected agents. Clones share their state.
#[derive(Clone)]
pub(crate) struct Agents {
    submissions: SubmissionStore,
    feed: Feed,
    blobs: BlobStore,
    upload_quota: UploadQuota,
    network_id: Digest,
    genesis: Arc<str>,
    connected: Arc<Mutex<HashMap<Pubkey, AgentConnection>>>,
    changes: watch::Sender<u64>,
    bans: Arc<Mutex<BanList>>,
    lookups: Arc<DefaultDirectRateLimiter>,
    checks: Arc<Semaphore>,
    metrics: Metrics,
    stop: CancellationToken,
}

/// What [`Agents`] is built from.
pub(crate) struct AgentsConfig {
    pub submissions: SubmissionStore,
    pub feed: Feed,
    pub blobs: BlobStore,
    pub upload_quota: UploadQuota,
    pub network_id: Digest,
    /// The cluster's genesis hash, base58.
    pub genesis: String,
    pub metrics: Metrics,
    /// Ends all connections.
    pub stop: CancellationToken,
}

struct AgentConnection {
    /// Distinguishes connections of the same provider.
    number: u64,
    capacity: u32,
    draining: bool,
    version: String,
    queue: mpsc::Sender<OutboundMessage>,
    sent: HashMap<SentKey, Instant>,
}

#[derive(Debug)]
pub(super) struct OutboundMessage {
    message: ToAgent,
    /// When the seat began to wait for this message, if the delay is measured.
    since: Option<Instant>,
}

/// Identifies messages that are not repeated within [`REPEAT_INTERVAL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum SentKey {
    Run(SeatKey),
    Reveal(SeatKey),
}

/// A connected agent, as listed by the API.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AgentInfo {
    /// Address of the provider's account.
    pub provider: String,
    /// Shards that the agent runs concurrently.
    pub capacity: u32,
    /// Whether the agent finishes its shards and accepts no new ones.
    pub draining: bool,
    /// Version of the agent's software.
    pub version: String,
}

impl Agents {
    pub(crate) fn new(config: AgentsConfig) -> Self {
        Self {
            submissions: config.submissions,
            feed: config.feed,
            blobs: config.blobs,
            upload_quota: config.upload_quota,
            network_id: config.network_id,
            genesis: config.genesis.into(),
            connected: Arc::default(),
            changes: watch::Sender::new(0),
            bans: Arc::default(),
            lookups: Arc::new(DefaultDirectRateLimiter::direct(LOOKUP_QUOTA)),
            checks: Arc::new(Semaphore::new(MAX_CONCURRENT_CHECKS)),
            metrics: config.metrics,
            stop: config.stop,
        }
    }

    /// A counter that increases when an agent connects or disconnects.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn connected(&self) -> MutexGuard<'_, HashMap<Pubkey, AgentConnection>> {
        self.connected.lock()
    }

    fn bans(&self) -> MutexGuard<'_, BanList> {
        self.bans.lock()
    }

    /// The agents, as the planner needs them.
    pub(crate) fn views(&self) -> HashMap<Pubkey, AgentView> {
        let view = |agent: &AgentConnection| AgentView {
            capacity: agent.capacity,
            draining: agent.draining,
        };
        self.connected()
            .iter()
            .map(|(key, agent)| (*key, view(agent)))
            .collect()
    }

    /// The agents, as the API lists them.
    pub(crate) fn infos(&self) -> Vec<AgentInfo> {
        let connected = self.connected();
        let mut infos: Vec<_> = connected
            .iter()
            .map(|(key, agent)| AgentInfo {
                provider: key.to_string(),
                capacity: agent.capacity,
                draining: agent.draining,
                version: agent.version.clone(),
            })
            .collect();
        infos.sort_by(|a, b| a.provider.cmp(&b.provider));
        infos
    }

    /// Queues a message for an agent, unless the same message was queued a moment ago. Returns whether it
    /// was queued.
    pub(crate) fn send(&self, provider: &Pubkey, message: ToAgent) -> bool {
        self.send_since(provider, message, None)
    }

    /// Like [`Agents::send`], for a message that a seat has been waiting for. If `since` is given, the delay
    /// is measured when the message is written.
    pub(crate) fn send_since(
        &self,
        provider: &Pubkey,
        message: ToAgent,
        since: Option<Instant>,
    ) -> bool {
        let mut connected = self.connected();
        let Some(agent) = connected.get_mut(provider) else {
            return false;
        };
        if let Some(key) = sent_key(provider, &message) {
            let now = Instant::now();
            agent
                .sent
                .retain(|_, at| now.duration_since(*at) < REPEAT_INTERVAL);
            if agent.sent.contains_key(&key) {
                return false;
            }
            agent.sent.insert(key, now);
        }
        let queued = agent.queue.try_send(OutboundMessage { message, since });
        if queued.is_err() {
            warn!(%provider, "agent does not read its messages; dropping the connection");
            connected.remove(provider);
            return false;
        }
        true
    }
}

fn sent_key(provider: &Pubkey, message: &ToAgent) -> Option<SentKey> {
    match message {
        ToAgent::Run { task } => {
            let seat = SeatKey::of(task.job, task.shard, task.attempt, *provider);
            Some(SentKey::Run(seat))
        }
        ToAgent::Reveal {
            job,
            shard,
            attempt,
        } => Some(SentKey::Reveal(SeatKey::of(
            *job, *shard, *attempt, *provider,
        ))),
        _ => None,
    }
}
