//! One connection to an orchestrator, from the challenge to its end.

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

const PATH: &str = "/v1/agents";
/// Timeout for connecting, for each step of the handshake, and for sending a message.
const IO_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval of websocket pings. The peer's websocket answers them.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// The connection is lost if the peer sends nothing for this long.
const PEER_TIMEOUT: Duration = Duration::from_secs(35);

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SessionEnd {
    /// The agent is stopping.
    Stopped,
    /// The connection broke, with the reason.
    Lost(String),
    /// The orchestrator does not admit the agent or belongs to another network, with the reason.
    Refused(String),
}

/// State that is kept across connections to one orchestrator.
pub(crate) struct SessionContext {
    pub(crate) tasks: Arc<Tasks>,
    /// Index of the orchestrator.
    pub(crate) orchestrator: usize,
    /// Messages to the orchestrator.
    pub(crate) queue: mpsc::Receiver<FromAgent>,
    /// Number of shards to run at the same time.
    pub(crate) capacity: u32,
    /// The network of the agent's first connection. All orchestrators must belong to it.
    pub(crate) network: Arc<OnceLock<Digest>>,
}

/// Connects, and serves the connection until it ends. Also returns whether the agent was admitted.
pub(crate) async fn serve(context: &mut SessionContext, address: &str) -> (SessionEnd, bool) {
    let stop = context.tasks.stop().clone();
    let admitted = tokio::select! {
        biased;
        () = stop.cancelled() => Err(SessionEnd::Stopped),
        admitted = handshake(context, address) => admitted,
    };
    let (mut connection, network) = match admitted {
        Ok(admitted) => admitted,
        Err(end) => return (end, false),
    };
    let (tasks, orchestrator) = (Arc::clone(&context.tasks), context.orchestrator);
    tasks.set_connected(orchestrator, true);
    tracing::info!(address, "connected");
    tasks.status().event(format!("connected to {address}"));
    let Err(end) = exchange(context, &mut connection, &network).await;
    tasks.set_connected(orchestrator, false);
    (end, true)
}

/// Opens a connection and proves the agent's identity.
async fn handshake(
    context: &mut SessionContext,
    address: &str,
) -> Result<(Connection, Digest), SessionEnd> {
    let mut connection = Connection::open(&format!("{address}{PATH}")).await?;
    let (nonce, network) = loop {
        match connection.receive_in_time().await? {
            ToAgent::Challenge {
                protocol,
                nonce,
                network_id,
                ..
            } => {
                check_version("orchestrator", protocol)
                    .map_err(|error| SessionEnd::Refused(error.to_string()))?;
                break (nonce, network_id);
            }
            ToAgent::Refused { reason } => return Err(SessionEnd::Refused(reason)),
            message => tracing::debug!(?message, "message before the challenge ignored"),
        }
    };
    // The agent signs nothing for another network than that of its first connection.
    let other_network = || {
        SessionEnd::Refused(
            "the orchestrator belongs to another network than this agent's other connections; \
             restart the agent to change its network"
                .to_owned(),
        )
    };
    if context.network.get().is_some_and(|known| *known != network) {
        return Err(other_network());
    }
    let identity = context.tasks.identity();
    let hello = identity.hello(&network, &nonce, context.capacity);
    connection.send(&hello).await?;
    loop {
        match connection.receive_in_time().await? {
            ToAgent::Welcome { provider } if provider == identity.provider => break,
            ToAgent::Welcome { provider } => {
                return Err(SessionEnd::Refused(format!(
                    "the orchestrator admitted this agent as the provider {provider}"
                )));
            }
            ToAgent::Refused { reason } => return Err(SessionEnd::Refused(reason)),
            message => tracing::debug!(?message, "message before the welcome ignored"),
        }
    }
    if *context.network.get_or_init(|| network) != network {
        return Err(other_network());
    }
    Ok((connection, network))
}

/// Exchanges messages on an admitted connection until it ends.
async fn exchange(
    context: &mut SessionContext,
    connection: &mut Connection,
    network: &Digest,
) -> Result<Infallible, SessionEnd> {
    // The orchestrator ignores commitments that it has.
    for message in context.tasks.commitments(network) {
        connection.send(&message).await?;
    }
    let stop = context.tasks.stop().clone();
    let mut ping = interval(PING_INTERVAL);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => {
                while let Ok(message) = context.queue.try_recv() {
                    connection.send(&message).await?;
                }
                connection.close().await;
                return Err(SessionEnd::Stopped);
            }
            Some(message) = context.queue.recv() => connection.send(&message).await?,
            message = connection.receive() => match message? {
                Some(message) => handle_message(context, connection, network, message).await?,
                None => continue,
            },
            _ = ping.tick() => connection.ping().await?,
        }
    }
}

async fn handle_message(
    context: &SessionContext,
    connection: &mut Connection,
    network: &Digest,
    message: ToAgent,
) -> Result<(), SessionEnd> {
    let (tasks, from) = (&context.tasks, context.orchestrator);
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
        ToAgent::Ping { n } => connection.send(&FromAgent::Pong { n }).await?,
        ToAgent::Refused { reason } => return Err(SessionEnd::Refused(reason)),
        ToAgent::Challenge { .. } | ToAgent::Welcome { .. } => {
            tracing::debug!("handshake message on an admitted connection ignored");
        }
    }
    Ok(())
}

/// A websocket that carries the messages of the agent protocol.
struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_received: Instant,
}

impl Connection {
    async fn open(url: &str) -> Result<Self, SessionEnd> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_FRAME_BYTES))
            .max_frame_size(Some(MAX_FRAME_BYTES));
        let connecting = connect_async_with_config(url, Some(config), true);
        let (socket, _) = with_timeout(connecting).await?;
        Ok(Self {
            socket,
            last_received: Instant::now(),
        })
    }

    /// The next frame; `None` if it holds no message or an unknown one.
    async fn receive(&mut self) -> Result<Option<ToAgent>, SessionEnd> {
        let frame = match self.socket.next().await {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Err(SessionEnd::Lost(error.to_string())),
            None => return Err(SessionEnd::Lost("the connection was closed".to_owned())),
        };
        self.last_received = Instant::now();
        match frame {
            Message::Text(text) => match decode(&text) {
                Ok(message) => Ok(Some(message)),
                Err(error) => {
                    tracing::warn!(%error, "message ignored");
                    Ok(None)
                }
            },
            Message::Close(frame) => Err(SessionEnd::Lost(match frame {
                Some(frame) if !frame.reason.is_empty() => {
                    format!("the orchestrator closed the connection: {}", frame.reason)
                }
                _ => "the orchestrator closed the connection".to_owned(),
            })),
            _ => Ok(None),
        }
    }

    async fn receive_in_time(&mut self) -> Result<ToAgent, SessionEnd> {
        let message = async {
            loop {
                if let Some(message) = self.receive().await? {
                    return Ok(message);
                }
            }
        };
        match timeout(IO_TIMEOUT, message).await {
            Ok(message) => message,
            Err(_) => Err(SessionEnd::Lost(
                "the orchestrator sent no message in time".to_owned(),
            )),
        }
    }

    async fn send(&mut self, message: &FromAgent) -> Result<(), SessionEnd> {
        match encode(message) {
            Ok(text) => with_timeout(self.socket.send(Message::text(text))).await,
            Err(error) => {
                tracing::warn!(%error, "message not sent");
                Ok(())
            }
        }
    }

    /// Sends a ping, unless the peer has been silent for too long.
    async fn ping(&mut self) -> Result<(), SessionEnd> {
        if self.last_received.elapsed() > PEER_TIMEOUT {
            return Err(SessionEnd::Lost(
                "the orchestrator stopped responding".to_owned(),
            ));
        }
        with_timeout(self.socket.send(Message::Ping(Vec::new().into()))).await
    }

    async fn close(&mut self) {
        if let Err(error) = with_timeout(self.socket.close(None)).await {
            tracing::debug!(?error, "connection not closed cleanly");
        }
    }
}

async fn with_timeout<T>(
    work: impl Future<Output = Result<T, tokio_tungstenite::tungstenite::Error>>,
) -> Result<T, SessionEnd> {
    match timeout(IO_TIMEOUT, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(SessionEnd::Lost(error.to_string())),
        Err(_) => Err(SessionEnd::Lost(
            "the orchestrator did not respond in time".to_owned(),
        )),
    }
}
