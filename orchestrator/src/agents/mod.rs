//! Agents: they connect outward to us by websocket and prove their operator key; what they hand in is
//! checked before it reaches the desk. Whatever one of them does, the others don't notice.

mod auth;
mod handler;
mod limits;
mod session;

use crate::blobs::Blobs;
use crate::blobs::upload_quota::UploadQuota;
use crate::observability::metrics::Metrics;
use crate::planner::AgentView;
use crate::submissions::cache::SubmissionStore;
use crate::submissions::model::SeatKey;
use limits::{BanList, RateLimiter};
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_protocol::agent::ToAgent;
use millrace_protocol::hash::Digest;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Messages that wait for a slow agent; a fuller queue drops the connection.
const QUEUE: usize = 256;
/// The same message is not sent to the same agent again within this time.
const REPEAT_AFTER: Duration = Duration::from_secs(4);
/// Outputs that are looked at at the same time; each may have 64 MiB.
const CHECKS: usize = 4;
/// Providers that are not in the cache and are looked up on chain: at once, and each second.
const LOOKUPS: (f64, f64) = (20.0, 2.0);

/// The connected agents.
#[derive(Clone)]
pub struct Agents {
    submissions: SubmissionStore,
    feed: Feed,
    blobs: Blobs,
    upload_quota: UploadQuota,
    network_id: Digest,
    genesis: Arc<str>,
    connected: Arc<Mutex<HashMap<Pubkey, Connection>>>,
    changes: watch::Sender<u64>,
    bans: Arc<Mutex<BanList>>,
    lookups: Arc<Mutex<RateLimiter>>,
    checks: Arc<Semaphore>,
    metrics: Metrics,
    stop: CancellationToken,
}

struct Connection {
    number: u64,
    capacity: u32,
    draining: bool,
    version: String,
    queue: mpsc::Sender<OutboundMessage>,
    told: HashMap<SentKey, Instant>,
}

/// A message on its way to an agent.
#[derive(Debug)]
pub(super) struct OutboundMessage {
    message: ToAgent,
    /// Since when a seat waits for it, where its way is timed.
    since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum SentKey {
    Run(SeatKey),
    Reveal(SeatKey),
}

/// An agent, for people.
#[derive(Clone, Debug, Serialize)]
pub struct AgentInfo {
    /// Its provider's account.
    pub provider: String,
    /// Shards it runs at the same time.
    pub capacity: u32,
    /// It takes nothing new.
    pub draining: bool,
    /// Its software's version.
    pub version: String,
}

impl Agents {
    /// No agents yet; all connections end with `stop`.
    pub fn new(
        submissions: SubmissionStore,
        feed: Feed,
        (blobs, upload_quota): (Blobs, UploadQuota),
        (network_id, genesis): (Digest, &str),
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        Self {
            submissions,
            feed,
            blobs,
            upload_quota,
            network_id,
            genesis: genesis.into(),
            connected: Arc::default(),
            changes: watch::Sender::new(0),
            bans: Arc::default(),
            lookups: Arc::new(Mutex::new(RateLimiter::new(
                LOOKUPS.0,
                LOOKUPS.1,
                Instant::now(),
            ))),
            checks: Arc::new(Semaphore::new(CHECKS)),
            metrics,
            stop,
        }
    }

    /// A counter that rises when an agent comes or goes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn connected(&self) -> MutexGuard<'_, HashMap<Pubkey, Connection>> {
        // A poisoned lock still holds whole connections: each change is a single insert or remove.
        self.connected
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn bans(&self) -> MutexGuard<'_, BanList> {
        // A poisoned lock still holds whole entries.
        self.bans.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// As the plan sees them.
    pub fn views(&self) -> HashMap<Pubkey, AgentView> {
        let view = |c: &Connection| AgentView {
            capacity: c.capacity,
            draining: c.draining,
        };
        self.connected()
            .iter()
            .map(|(key, c)| (*key, view(c)))
            .collect()
    }

    /// As people see them.
    pub fn infos(&self) -> Vec<AgentInfo> {
        let connected = self.connected();
        let mut infos: Vec<_> = connected
            .iter()
            .map(|(key, c)| AgentInfo {
                provider: key.to_string(),
                capacity: c.capacity,
                draining: c.draining,
                version: c.version.clone(),
            })
            .collect();
        infos.sort_by(|a, b| a.provider.cmp(&b.provider));
        infos
    }

    /// Says something to an agent; the same within a short time only once. Returns whether it was
    /// queued.
    pub fn send(&self, provider: &Pubkey, message: ToAgent) -> bool {
        self.send_since(provider, message, None)
    }

    /// As [`Agents::tell`], of a message that a seat waits for, maybe since a time that is known.
    pub fn send_since(&self, provider: &Pubkey, message: ToAgent, since: Option<Instant>) -> bool {
        let mut connected = self.connected();
        let Some(connection) = connected.get_mut(provider) else {
            return false;
        };
        if let Some(told) = sent_key(provider, &message) {
            let now = Instant::now();
            connection
                .told
                .retain(|_, at| now.duration_since(*at) < REPEAT_AFTER);
            if connection.told.contains_key(&told) {
                return false;
            }
            connection.told.insert(told, now);
        }
        if connection
            .queue
            .try_send(OutboundMessage { message, since })
            .is_err()
        {
            warn!(%provider, "the agent does not read; its connection is dropped");
            connected.remove(provider);
            return false;
        }
        true
    }
}

fn sent_key(provider: &Pubkey, message: &ToAgent) -> Option<SentKey> {
    match message {
        ToAgent::Run { task } => Some(SentKey::Run(SeatKey::of(
            task.job,
            task.shard,
            task.attempt,
            *provider,
        ))),
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
