//! One connection to an orchestrator, from its challenge to its end.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use millrace_protocol::agent::{
    FromAgent, MAX_FRAME_BYTES, ToAgent, check_version, decode, encode,
};
use millrace_protocol::hash::Digest;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::results::SeatId;
use crate::tasks::Tasks;

/// Where agents connect.
const PATH: &str = "/v1/agents";
/// How long connecting, each step of the greeting, and sending a message may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the connection is tried. The answer comes from the websocket itself.
const PING_EVERY: Duration = Duration::from_secs(10);
/// A peer that was silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(35);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The agent is to stop.
    Stopped,
    /// It broke; the reason is for people.
    Lost(String),
    /// The orchestrator does not let the agent in, or is not the one that it was.
    Refused(String),
}

/// What outlasts a connection.
pub(crate) struct Memory {
    pub(crate) tasks: Arc<Tasks>,
    /// Which of the agent's orchestrators it is about.
    pub(crate) orchestrator: usize,
    /// What is to be said to it.
    pub(crate) outbox: mpsc::Receiver<FromAgent>,
    /// Shards to run at the same time.
    pub(crate) capacity: u32,
    /// The network of the first connection to any orchestrator; all others have to be about the same.
    pub(crate) network: Arc<OnceLock<Digest>>,
}

/// Connects and serves until the end. Says as well whether the agent had been let in.
pub(crate) async fn serve(memory: &mut Memory, address: &str) -> (Ended, bool) {
    let stop = memory.tasks.stop().clone();
    let greeted = tokio::select! {
        biased;
        () = stop.cancelled() => Err(Ended::Stopped),
        greeted = greet(memory, address) => greeted,
    };
    let (mut link, network) = match greeted {
        Ok(greeted) => greeted,
        Err(ended) => return (ended, false),
    };
    set_connected(memory, true);
    memory.tasks.note(format!("connected to {address}"));
    let Err(ended) = talk(memory, &mut link, &network).await;
    set_connected(memory, false);
    (ended, true)
}

fn set_connected(memory: &Memory, connected: bool) {
    memory.tasks.connected(memory.orchestrator, connected);
}

/// Opens a connection and proves who the agent is.
async fn greet(memory: &mut Memory, address: &str) -> Result<(Link, Digest), Ended> {
    let mut link = Link::open(&format!("{address}{PATH}")).await?;
    let (nonce, network) = loop {
        match link.patiently().await? {
            ToAgent::Challenge {
                protocol,
                nonce,
                network_id,
                ..
            } => {
                check_version("orchestrator", protocol)
                    .map_err(|error| Ended::Refused(error.to_string()))?;
                break (nonce, network_id);
            }
            ToAgent::Refused { reason } => return Err(Ended::Refused(reason)),
            other => tracing::debug!("passed over before the challenge: {other:?}"),
        }
    };
    // Nothing is signed for a network that the agent has not been started for.
    let other = || {
        Ended::Refused(
            "the orchestrator works on another network than before, or than the others; if that is \
             meant, start the agent again"
                .to_owned(),
        )
    };
    if memory.network.get().is_some_and(|known| *known != network) {
        return Err(other());
    }
    let identity = memory.tasks.identity();
    let hello = identity.hello(&network, &nonce, memory.capacity);
    link.send(&hello).await?;
    loop {
        match link.patiently().await? {
            ToAgent::Welcome { provider } if provider == identity.provider => break,
            ToAgent::Welcome { provider } => {
                return Err(Ended::Refused(format!(
                    "the orchestrator takes this agent for the provider {provider}"
                )));
            }
            ToAgent::Refused { reason } => return Err(Ended::Refused(reason)),
            other => tracing::debug!("passed over before the welcome: {other:?}"),
        }
    }
    if *memory.network.get_or_init(|| network) != network {
        return Err(other());
    }
    Ok((link, network))
}

/// Serves a connection that was let in. Ends with an error only.
async fn talk(memory: &mut Memory, link: &mut Link, network: &Digest) -> Result<Infallible, Ended> {
    // The orchestrator passes over what it knows.
    for message in memory.tasks.committed(network) {
        link.send(&message).await?;
    }
    let stop = memory.tasks.stop().clone();
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                while let Ok(message) = memory.outbox.try_recv() {
                    link.send(&message).await?;
                }
                link.close().await;
                return Err(Ended::Stopped);
            }
            Some(message) = memory.outbox.recv() => link.send(&message).await?,
            message = link.next() => match message? {
                Some(message) => obey(memory, link, network, message).await?,
                None => continue,
            },
            _ = ping.tick() => link.ping().await?,
        }
    }
}

async fn obey(
    memory: &Memory,
    link: &mut Link,
    network: &Digest,
    message: ToAgent,
) -> Result<(), Ended> {
    let (tasks, from) = (&memory.tasks, memory.orchestrator);
    match message {
        ToAgent::Run { task } => tasks.run(task, network, from),
        ToAgent::Reveal {
            job,
            shard,
            attempt,
        } => {
            let id = SeatId {
                job,
                shard,
                attempt,
            };
            tasks.reveal(id, network, from);
        }
        ToAgent::Release {
            job,
            shard,
            attempt,
            outcome,
        } => {
            let id = SeatId {
                job,
                shard,
                attempt,
            };
            tasks.release(id, &outcome).await;
        }
        ToAgent::Ping { n } => link.send(&FromAgent::Pong { n }).await?,
        ToAgent::Refused { reason } => return Err(Ended::Refused(reason)),
        ToAgent::Challenge { .. } | ToAgent::Welcome { .. } => {
            tracing::debug!("passed over: the connection is open already");
        }
    }
    Ok(())
}

/// A websocket that speaks the messages of the protocol.
struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard: Instant,
}

impl Link {
    async fn open(url: &str) -> Result<Self, Ended> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let connecting = connect_async_with_config(url, Some(config), true);
        let (socket, _) = in_time(connecting).await?;
        Ok(Self {
            socket,
            heard: Instant::now(),
        })
    }

    /// The next message; `None` for a frame that is none or isn't understood.
    async fn next(&mut self) -> Result<Option<ToAgent>, Ended> {
        let frame = match self.socket.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(Ended::Lost(error.to_string())),
            None => return Err(Ended::Lost("the connection was closed".to_owned())),
        };
        self.heard = Instant::now();
        match frame {
            Message::Text(text) => match decode(&text) {
                Ok(message) => Ok(Some(message)),
                Err(error) => {
                    tracing::warn!("a message is passed over: {error}");
                    Ok(None)
                }
            },
            Message::Close(why) => Err(Ended::Lost(match why {
                Some(why) if !why.reason.is_empty() => {
                    format!("the orchestrator closed the connection: {}", why.reason)
                }
                _ => "the orchestrator closed the connection".to_owned(),
            })),
            _ => Ok(None),
        }
    }

    /// The next message, which has to come soon.
    async fn patiently(&mut self) -> Result<ToAgent, Ended> {
        let message = async {
            loop {
                if let Some(message) = self.next().await? {
                    return Ok(message);
                }
            }
        };
        match timeout(PATIENCE, message).await {
            Ok(message) => message,
            Err(_) => Err(Ended::Lost("the orchestrator says nothing".to_owned())),
        }
    }

    async fn send(&mut self, message: &FromAgent) -> Result<(), Ended> {
        match encode(message) {
            Ok(text) => in_time(self.socket.send(Message::text(text))).await,
            Err(error) => {
                tracing::warn!("a message is not sent: {error}");
                Ok(())
            }
        }
    }

    /// Asks for a sign of life, and gives up on a peer that gave none for long.
    async fn ping(&mut self) -> Result<(), Ended> {
        if self.heard.elapsed() > SILENCE {
            return Err(Ended::Lost("the orchestrator fell silent".to_owned()));
        }
        in_time(self.socket.send(Message::Ping(Vec::new().into()))).await
    }

    async fn close(&mut self) {
        if let Err(error) = in_time(self.socket.close(None)).await {
            tracing::debug!("the connection was not closed in good order: {error:?}");
        }
    }
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, tokio_tungstenite::tungstenite::Error>>,
) -> Result<T, Ended> {
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Ended::Lost(error.to_string())),
        Err(_) => Err(Ended::Lost("the orchestrator does not answer".to_owned())),
    }
}
