//! Agents: they connect outward to us by websocket and prove their operator key; what they hand in is
//! checked before it reaches the desk.

use crate::blobs::Blobs;
use crate::desk::{Desk, HandedIn, Opening, SeatKey};
use crate::plan::AgentView;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use millrace_chain::Pubkey;
use millrace_chain::feed::Feed;
use millrace_chain::program::state::{Provider, Seat, SeatStatus, Shard};
use millrace_protocol::commitment;
use millrace_protocol::hash::Digest;
use millrace_protocol::receipt::Receipt;
use millrace_protocol::wire::{self, FromAgent, Key, ToAgent, agent_challenge};
use serde::Serialize;
use solana_sdk::signature::Signature;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// Messages that wait for a slow agent; a fuller queue drops the connection.
const QUEUE: usize = 256;
/// An agent that says nothing this long after a ping is gone.
const SILENCE: Duration = Duration::from_secs(30);
const PING_EVERY: Duration = Duration::from_secs(10);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The same message is not sent to the same agent again within this time.
const REPEAT_AFTER: Duration = Duration::from_secs(4);

/// The connected agents.
#[derive(Clone)]
pub struct Agents {
    desk: Desk,
    feed: Feed,
    blobs: Blobs,
    network_id: Digest,
    genesis: Arc<str>,
    connected: Arc<Mutex<HashMap<Pubkey, Connection>>>,
    changes: watch::Sender<u64>,
    stop: CancellationToken,
}

struct Connection {
    number: u64,
    capacity: u32,
    draining: bool,
    version: String,
    queue: mpsc::Sender<ToAgent>,
    told: HashMap<Told, Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Told {
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
        desk: Desk,
        feed: Feed,
        blobs: Blobs,
        (network_id, genesis): (Digest, &str),
        stop: CancellationToken,
    ) -> Self {
        Self {
            desk,
            feed,
            blobs,
            network_id,
            genesis: genesis.into(),
            connected: Arc::default(),
            changes: watch::Sender::new(0),
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
    pub fn tell(&self, provider: &Pubkey, message: ToAgent) -> bool {
        let mut connected = self.connected();
        let Some(connection) = connected.get_mut(provider) else {
            return false;
        };
        if let Some(told) = told_of(provider, &message) {
            let now = Instant::now();
            connection
                .told
                .retain(|_, at| now.duration_since(*at) < REPEAT_AFTER);
            if connection.told.contains_key(&told) {
                return false;
            }
            connection.told.insert(told, now);
        }
        if connection.queue.try_send(message).is_err() {
            warn!(%provider, "the agent does not read; its connection is dropped");
            connected.remove(provider);
            return false;
        }
        true
    }

    /// Serves one connection until it ends.
    pub async fn serve(&self, socket: WebSocket) {
        let (mut sink, mut stream) = socket.split();
        let nonce: [u8; 32] = rand::random();
        let challenge = ToAgent::Challenge {
            nonce,
            network_id: self.network_id,
            genesis: self.genesis.to_string(),
        };
        if send(&mut sink, &challenge).await.is_err() {
            return;
        }
        let Ok(Some(Ok(Message::Text(hello)))) = timeout(HANDSHAKE, stream.next()).await else {
            return;
        };
        let (provider, mut inbox, number) = match self.admit(&hello, &nonce).await {
            Ok(admitted) => admitted,
            Err(reason) => {
                info!(reason, "an agent was refused");
                // Best effort: the agent learns why, and is cut either way.
                let _ = send(&mut sink, &ToAgent::Refused { reason }).await;
                return;
            }
        };
        info!(%provider, "agent connected");
        let welcome = ToAgent::Welcome {
            provider: provider.to_bytes().into(),
        };
        let mut heard = Instant::now();
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut beats = 0;
        let mut alive = send(&mut sink, &welcome).await.is_ok();
        while alive {
            tokio::select! {
                () = self.stop.cancelled() => alive = false,
                message = inbox.recv() => alive = match message {
                    Some(message) => send(&mut sink, &message).await.is_ok(),
                    None => false,
                },
                frame = stream.next() => alive = match frame {
                    Some(Ok(Message::Text(text))) => {
                        heard = Instant::now();
                        self.hear(provider, &text).await;
                        true
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                    Some(Ok(_)) => true,
                },
                _ = ping.tick() => {
                    beats += 1;
                    alive = heard.elapsed() < SILENCE
                        && send(&mut sink, &ToAgent::Ping { n: beats }).await.is_ok();
                }
            }
        }
        self.leave(&provider, number);
        info!(%provider, "agent gone");
    }

    /// Checks who it is and enters it; a newer connection of the same provider takes the place of an
    /// older one.
    async fn admit(
        &self,
        hello: &str,
        nonce: &[u8; 32],
    ) -> Result<(Pubkey, mpsc::Receiver<ToAgent>, u64), String> {
        let hello = wire::decode::<FromAgent>(hello).map_err(|error| error.to_string())?;
        let FromAgent::Hello {
            provider,
            operator,
            signature,
            capacity,
            version,
        } = hello
        else {
            return Err("the first message must be hello".to_owned());
        };
        let key = Pubkey::new_from_array(provider.0);
        let books = self.provider(&key).await.ok_or_else(|| {
            format!("{provider} is no provider of this network; register it with `millrace provider register`")
        })?;
        if books.operator.to_bytes() != operator.0 {
            return Err(format!("{operator} is not the operator key of {provider}"));
        }
        let statement = agent_challenge(&self.network_id, nonce, &provider.0);
        if !Signature::from(signature).verify(&operator.0, &statement) {
            return Err("the signature does not answer the challenge".to_owned());
        }
        let (queue, inbox) = mpsc::channel(QUEUE);
        let number = rand::random();
        let connection = Connection {
            number,
            capacity: capacity.max(1),
            draining: false,
            version,
            queue,
            told: HashMap::new(),
        };
        self.connected().insert(key, connection);
        self.changes.send_modify(|count| *count += 1);
        Ok((key, inbox, number))
    }

    /// The provider's books: from the picture, or read once where it is new.
    async fn provider(&self, key: &Pubkey) -> Option<Provider> {
        if let Some(books) = self.feed.picture().read().await.providers().get(key) {
            return Some(*books);
        }
        self.feed.refresh(&[*key]).await.ok()?;
        self.feed
            .picture()
            .read()
            .await
            .providers()
            .get(key)
            .copied()
    }

    fn leave(&self, provider: &Pubkey, number: u64) {
        let mut connected = self.connected();
        if connected.get(provider).is_some_and(|c| c.number == number) {
            connected.remove(provider);
        }
        drop(connected);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Takes in what an agent says. What is wrong with it is logged and left: it can harm nobody else.
    async fn hear(&self, provider: Pubkey, text: &str) {
        let message = match wire::decode::<FromAgent>(text) {
            Ok(message) => message,
            Err(error) => return warn!(%provider, %error, "an agent's message was left out"),
        };
        let taken = match message {
            FromAgent::Committed {
                job,
                shard,
                attempt,
                seat,
                commitment,
                signature,
            } => {
                let key = seat_key(job, shard, attempt, provider);
                self.take_commitment(key, seat, commitment, signature).await
            }
            revealed @ FromAgent::Revealed { .. } => self.take_reveal(provider, revealed).await,
            FromAgent::Failed {
                job,
                shard,
                reason,
                retry,
                ..
            } => {
                let job = Pubkey::new_from_array(job.0);
                info!(%provider, %job, shard, reason, "an agent could not run a shard");
                if retry {
                    Ok(())
                } else {
                    let noted = self.desk.fail(job, shard, provider, &reason).await;
                    noted.map_err(|error| error.to_string())
                }
            }
            FromAgent::Draining => {
                if let Some(connection) = self.connected().get_mut(&provider) {
                    connection.draining = true;
                }
                Ok(())
            }
            FromAgent::Progress { .. } | FromAgent::Pong { .. } => Ok(()),
            FromAgent::Hello { .. } => Err("it said hello twice".to_owned()),
        };
        if let Err(reason) = taken {
            debug!(%provider, reason, "what an agent handed in was left out");
        }
    }

    /// The shard and the seat that a key names, as the chain has them.
    async fn seat(&self, key: &SeatKey) -> Result<(Shard, Seat), String> {
        let picture = self.feed.picture().read().await;
        let shard = picture
            .shard(&key.job, key.shard)
            .copied()
            .ok_or("no such shard")?;
        let mut seats = shard.seats.iter();
        let seat = seats
            .find(|s| s.is_live() && s.provider == key.provider && s.attempt == key.attempt)
            .copied()
            .ok_or("the seat is not its own, or over")?;
        Ok((shard, seat))
    }

    async fn take_commitment(
        &self,
        key: SeatKey,
        seat: u8,
        commitment: Digest,
        signature: [u8; 64],
    ) -> Result<(), String> {
        let (shard, found) = self.seat(&key).await?;
        if found.status() != SeatStatus::Assigned {
            return Ok(());
        }
        let at = shard
            .seats
            .iter()
            .position(|s| s.provider == key.provider && s.is_live());
        if at != Some(usize::from(seat)) {
            return Err("it sits elsewhere".to_owned());
        }
        let operator = self
            .provider(&key.provider)
            .await
            .ok_or("no such provider")?
            .operator;
        let statement = self.place(&key).statement(&commitment);
        if !Signature::from(signature).verify(operator.as_ref(), &statement) {
            return Err("the signature is not the operator's".to_owned());
        }
        let paper = HandedIn {
            seat,
            commitment,
            signature,
            opening: None,
        };
        self.desk
            .hand_in(key, paper)
            .await
            .map_err(|error| error.to_string())
    }

    /// Delivery: the output is here, it gives the root, and the root opens the commitment.
    async fn take_reveal(&self, provider: Pubkey, message: FromAgent) -> Result<(), String> {
        let FromAgent::Revealed {
            job,
            shard,
            attempt,
            root,
            units,
            salt,
            output,
            fuel,
            exit,
            reason,
            ..
        } = message
        else {
            return Err("no reveal".to_owned());
        };
        let key = seat_key(job, shard, attempt, provider);
        let (shard, seat) = self.seat(&key).await?;
        if seat.status() != SeatStatus::Committed {
            return Ok(());
        }
        let mut seats = shard.seats.iter();
        let at = seats.position(|s| s.is_live() && s.provider == provider);
        // The chain has checked the signature; it is not needed again.
        let seated = HandedIn {
            seat: at
                .and_then(|at| u8::try_from(at).ok())
                .ok_or("no such seat")?,
            commitment: seat.digest,
            signature: [0; 64],
            opening: None,
        };
        let claim = commitment::Claim {
            root: &root,
            units,
            salt: &salt,
        };
        if self.place(&key).commitment(&claim) != seat.digest {
            return Err("the reveal does not open the commitment".to_owned());
        }
        let bytes = self
            .blobs
            .get(&output)
            .await
            .map_err(|error| error.to_string())?;
        let receipt = Receipt::new(&bytes.ok_or("the output was not uploaded")?, exit, fuel);
        if receipt.root() != root || receipt.units() != units {
            return Err("the output does not match the root".to_owned());
        }
        let opening = Opening {
            root,
            units,
            salt,
            output,
            exit,
            fuel,
            reason,
        };
        self.desk
            .open(key, seated, opening)
            .await
            .map_err(|error| error.to_string())
    }

    fn place<'a>(&'a self, key: &'a SeatKey) -> commitment::Seat<'a> {
        commitment::Seat {
            network_id: &self.network_id,
            program: millrace_chain::address::PROGRAM.as_array(),
            job: key.job.as_array(),
            shard: key.shard,
            attempt: key.attempt,
            provider: key.provider.as_array(),
        }
    }
}

fn seat_key(job: Key, shard: u32, attempt: u8, provider: Pubkey) -> SeatKey {
    SeatKey {
        job: Pubkey::new_from_array(job.0),
        shard,
        attempt,
        provider,
    }
}

fn told_of(provider: &Pubkey, message: &ToAgent) -> Option<Told> {
    match message {
        ToAgent::Run { task } => Some(Told::Run(seat_key(
            task.job,
            task.shard,
            task.attempt,
            *provider,
        ))),
        ToAgent::Reveal {
            job,
            shard,
            attempt,
        } => Some(Told::Reveal(seat_key(*job, *shard, *attempt, *provider))),
        _ => None,
    }
}

async fn send(sink: &mut SplitSink<WebSocket, Message>, message: &ToAgent) -> Result<(), ()> {
    let text = wire::encode(message).map_err(|error| warn!(%error, "a message was not sent"))?;
    let sent = timeout(HANDSHAKE, sink.send(Message::Text(text.into()))).await;
    sent.map_err(|_| ())?.map_err(|_| ())
}
