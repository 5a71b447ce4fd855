//! One connection of an agent, from the challenge to the disconnect.

use super::auth::AuthenticatedAgent;
use super::handler::Rejection;
use super::limits::ConnectionRate;
use super::{Agents, OutboundMessage};
use crate::api::limits::connections::ConnectionSlot;
use axum::extract::ws::{Message, WebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::agent::{self, PROTOCOL_VERSION, ToAgent};
use parking_lot::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// The connection is dropped if nothing has been received for this long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Limit from the challenge to the answer to the hello.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The connection is dropped if the agent does not accept a message within this time.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a connection ended.
enum Disconnect {
    /// The connection was closed or timed out.
    Lost,
    RateLimited,
}

impl Agents {
    /// Serves one connection until it ends. Until the agent is authenticated, newer connections can evict
    /// this one.
    pub(crate) async fn serve(&self, mut socket: WebSocket, slot: &ConnectionSlot) {
        let agent = tokio::select! {
            () = self.stop.cancelled() => None,
            () = slot.evicted() => None,
            agent = timeout(HANDSHAKE_TIMEOUT, self.handshake(&mut socket)) => agent.ok().flatten(),
        };
        let Some(mut agent) = agent else { return };
        slot.release();
        let provider = agent.provider;
        info!(%provider, "agent connected");
        let reason = tokio::select! {
            () = self.stop.cancelled() => Disconnect::Lost,
            reason = self.exchange(&mut socket, &mut agent) => reason,
        };
        self.disconnect(&provider, agent.number);
        if matches!(reason, Disconnect::RateLimited) {
            let ban = self.bans().ban(provider, Instant::now());
            warn!(%provider, ?ban, "agent exceeded its rate limit; temporarily banned");
            let reason = format!(
                "rate limit exceeded: too many messages, or too many invalid ones; banned for {} seconds",
                ban.as_secs()
            );
            refuse(&mut socket, reason).await;
        }
        info!(%provider, "agent disconnected");
    }

    /// Sends the challenge and authenticates the agent.
    async fn handshake(&self, socket: &mut WebSocket) -> Option<AuthenticatedAgent> {
        let nonce: [u8; 32] = rand::random();
        let challenge = ToAgent::Challenge {
            protocol: PROTOCOL_VERSION,
            nonce,
            network_id: self.network_id,
            genesis: self.genesis.to_string(),
        };
        send(socket, &challenge).await.ok()?;
        let hello = loop {
            match socket.recv().await {
                Some(Ok(Message::Text(hello))) => break hello,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        };
        match self.authenticate(&hello, &nonce).await {
            Ok(agent) => Some(agent),
            Err(reason) => {
                debug!(reason, "agent refused");
                refuse(socket, reason).await;
                None
            }
        }
    }

    /// Sends and receives concurrently: handling a received message waits for the disk, and sending the next
    /// task must not wait for that.
    async fn exchange(&self, socket: &mut WebSocket, agent: &mut AuthenticatedAgent) -> Disconnect {
        let last_received = Mutex::new(Instant::now());
        let (mut sink, mut stream) = socket.split();
        // Either direction ends the other. A message that is being handled is still handled completely.
        let closed = CancellationToken::new();
        let sending = async {
            let sending =
                self.send_messages(&mut sink, agent.provider, &mut agent.inbox, &last_received);
            closed.run_until_cancelled(sending).await;
            closed.cancel();
        };
        let receiving = async {
            let receiving =
                self.receive_messages(&mut stream, agent.provider, &last_received, &closed);
            let reason = receiving.await;
            closed.cancel();
            reason
        };
        let ((), reason) = tokio::join!(sending, receiving);
        reason
    }

    /// Sends queued messages and pings until the agent does not accept one or has been silent for too long.
    async fn send_messages(
        &self,
        sink: &mut (impl Sink<Message> + Unpin),
        provider: Pubkey,
        inbox: &mut mpsc::Receiver<OutboundMessage>,
        last_received: &Mutex<Instant>,
    ) {
        let welcome = ToAgent::Welcome {
            provider: provider.to_bytes().into(),
        };
        if send(sink, &welcome).await.is_err() {
            return;
        }
        let mut ping = tokio::time::interval(PING_INTERVAL);
        let mut pings = 0;
        loop {
            let sent = tokio::select! {
                queued = inbox.recv() => {
                    // The queue is closed if it was full, or if a newer connection has replaced this one.
                    let Some(OutboundMessage { message, since }) = queued else { return };
                    let sent = send(sink, &message).await;
                    if let Some(since) = since.filter(|_| sent.is_ok()) {
                        self.metrics.task_dispatched(since);
                    }
                    sent
                }
                _ = ping.tick() => {
                    if last_received.lock().elapsed() >= IDLE_TIMEOUT {
                        return;
                    }
                    pings += 1;
                    send(sink, &ToAgent::Ping { n: pings }).await
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Handles messages until the connection is closed or the agent exceeds its rate limit.
    async fn receive_messages(
        &self,
        stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
        provider: Pubkey,
        last_received: &Mutex<Instant>,
        closed: &CancellationToken,
    ) -> Disconnect {
        let rate = ConnectionRate::new();
        loop {
            let Some(frame) = closed.run_until_cancelled(stream.next()).await else {
                return Disconnect::Lost;
            };
            let now = Instant::now();
            let length = match &frame {
                Some(Ok(Message::Text(text))) => text.len(),
                Some(Ok(Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes))) => {
                    bytes.len()
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Disconnect::Lost,
            };
            if !rate.allow_frame(length) {
                return Disconnect::RateLimited;
            }
            let Some(Ok(Message::Text(text))) = frame else {
                continue;
            };
            *last_received.lock() = now;
            match self.handle_message(provider, &text).await {
                Ok(()) => {}
                Err(Rejection::Stale(reason)) => {
                    debug!(%provider, reason, "ignored a stale message of an agent");
                }
                Err(Rejection::Invalid(reason)) => {
                    debug!(%provider, reason, "ignored an invalid message of an agent");
                    if !rate.allow_error() {
                        return Disconnect::RateLimited;
                    }
                }
            }
        }
    }
}

/// Tries to report why the connection is closed; it is closed in either case.
async fn refuse(socket: &mut WebSocket, reason: String) {
    let _ = send(socket, &ToAgent::Refused { reason }).await;
}

async fn send(sink: &mut (impl Sink<Message> + Unpin), message: &ToAgent) -> Result<(), ()> {
    let text =
        agent::encode(message).map_err(|error| warn!(%error, "failed to encode a message"))?;
    let name = failpoint_name(message);
    failpoint::before("agent", name);
    let sent = timeout(SEND_TIMEOUT, sink.send(Message::Text(text.into()))).await;
    failpoint::after("agent", name);
    sent.map_err(|_| ())?.map_err(|_| ())
}

fn failpoint_name(message: &ToAgent) -> &'static str {
    match message {
        ToAgent::Challenge { .. } => "challenge",
        ToAgent::Welcome { .. } => "welcome",
        ToAgent::Refused { .. } => "refused",
        ToAgent::Run { .. } => "run",
        ToAgent::Reveal { .. } => "reveal",
        ToAgent::Release { .. } => "release",
        ToAgent::Ping { .. } => "ping",
    }
}
