//! One connection, from its challenge to its end.

use super::auth::Member;
use super::handler::Rejection;
use super::limits::Allowance;
use super::{Agents, OutboundMessage};
use crate::api::ConnectionSlot;
use axum::extract::ws::{Message, WebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::agent::{self, PROTOCOL_VERSION, ToAgent};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// An agent that says nothing this long after a ping is gone.
const SILENCE: Duration = Duration::from_secs(30);
const PING_EVERY: Duration = Duration::from_secs(10);
/// From the challenge to the answer to the hello.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// An agent that takes no message for so long is gone.
const SEND: Duration = Duration::from_secs(10);

/// Why a connection is over.
enum Over {
    /// It broke, or the agent fell silent.
    Lost,
    /// It said more than it may.
    Flood,
}

impl Agents {
    /// Serves one connection until it ends. Until its agent is let in, the connection is one of a
    /// crowd and can be pushed out by newer ones.
    pub async fn serve(&self, mut socket: WebSocket, slot: &ConnectionSlot) {
        let member = tokio::select! {
            () = self.stop.cancelled() => None,
            () = slot.evicted() => None,
            member = timeout(HANDSHAKE, self.greet(&mut socket)) => member.ok().flatten(),
        };
        let Some(mut member) = member else { return };
        slot.settle();
        let provider = member.provider;
        info!(%provider, "agent connected");
        let over = tokio::select! {
            () = self.stop.cancelled() => Over::Lost,
            over = self.talk(&mut socket, &mut member) => over,
        };
        self.leave(&provider, member.number);
        if matches!(over, Over::Flood) {
            let penalty = self.bans().ban(provider, Instant::now());
            warn!(%provider, ?penalty, "an agent floods, and is kept out for a while");
            let reason = format!(
                "too many messages, or too many wrong ones: not let in again for {} seconds",
                penalty.as_secs()
            );
            // Best effort: the agent learns why, and is cut either way.
            let _ = send(&mut socket, &ToAgent::Refused { reason }).await;
        }
        info!(%provider, "agent gone");
    }

    /// Challenges, and lets in whoever answers.
    async fn greet(&self, socket: &mut WebSocket) -> Option<Member> {
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
        match self.admit(&hello, &nonce).await {
            Ok(member) => Some(member),
            Err(reason) => {
                debug!(reason, "an agent was refused");
                // Best effort: the agent learns why, and is cut either way.
                let _ = send(socket, &ToAgent::Refused { reason }).await;
                None
            }
        }
    }

    /// Tells an agent what there is for it and allow_frame what it says, either without waiting for the other: what
    /// it says waits for the disk, and its next task does not.
    async fn talk(&self, socket: &mut WebSocket, member: &mut Member) -> Over {
        let heard = Mutex::new(Instant::now());
        let (mut sink, mut stream) = socket.split();
        // Whichever ends first ends the other; what was heard is stored to its end.
        let over = CancellationToken::new();
        let telling = async {
            let telling = self.keep_telling(&mut sink, member.provider, &mut member.inbox, &heard);
            over.run_until_cancelled(telling).await;
            over.cancel();
        };
        let hearing = async {
            let how = self.keep_hearing(&mut stream, member.provider, &heard, &over);
            let how = how.await;
            over.cancel();
            how
        };
        let ((), how) = tokio::join!(telling, hearing);
        how
    }

    /// Tells until the agent takes nothing or has been silent for too long.
    async fn keep_telling(
        &self,
        sink: &mut (impl Sink<Message> + Unpin),
        provider: Pubkey,
        inbox: &mut mpsc::Receiver<OutboundMessage>,
        heard: &Mutex<Instant>,
    ) {
        let welcome = ToAgent::Welcome {
            provider: provider.to_bytes().into(),
        };
        if send(sink, &welcome).await.is_err() {
            return;
        }
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut beats = 0;
        loop {
            let sent = tokio::select! {
                letter = inbox.recv() => {
                    // Without a queue it did not read, or a newer connection has taken its slot.
                    let Some(OutboundMessage { message, since }) = letter else { return };
                    let sent = send(sink, &message).await;
                    if let Some(since) = since.filter(|_| sent.is_ok()) {
                        self.metrics.dispatched(since);
                    }
                    sent
                }
                _ = ping.tick() => {
                    // A poisoned lock still holds a whole time.
                    let heard = *heard.lock().unwrap_or_else(|held| held.into_inner());
                    if heard.elapsed() >= SILENCE {
                        return;
                    }
                    beats += 1;
                    send(sink, &ToAgent::Ping { n: beats }).await
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Hears until the connection ends, the agent has said too much, or it is over otherwise.
    async fn keep_hearing(
        &self,
        stream: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin),
        provider: Pubkey,
        heard: &Mutex<Instant>,
        over: &CancellationToken,
    ) -> Over {
        let mut allowance = Allowance::new(Instant::now());
        loop {
            let Some(frame) = over.run_until_cancelled(stream.next()).await else {
                return Over::Lost;
            };
            let now = Instant::now();
            let length = match &frame {
                Some(Ok(Message::Text(text))) => text.len(),
                Some(Ok(Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes))) => {
                    bytes.len()
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Over::Lost,
            };
            if !allowance.allow_frame(length, now) {
                return Over::Flood;
            }
            let Some(Ok(Message::Text(text))) = frame else {
                continue;
            };
            // A poisoned lock still holds a whole time.
            *heard.lock().unwrap_or_else(|held| held.into_inner()) = now;
            let wrong = match self.handle_message(provider, &text).await {
                Ok(()) => false,
                Err(Rejection::Stale(reason)) => {
                    debug!(%provider, reason, "what an agent said came too late");
                    false
                }
                Err(Rejection::Invalid(reason)) => {
                    debug!(%provider, reason, "what an agent said is wrong, and left out");
                    true
                }
            };
            if wrong && !allowance.allow_error(Instant::now()) {
                return Over::Flood;
            }
        }
    }
}

async fn send(sink: &mut (impl Sink<Message> + Unpin), message: &ToAgent) -> Result<(), ()> {
    let text = agent::encode(message).map_err(|error| warn!(%error, "a message was not sent"))?;
    let what = name(message);
    failpoint::before("agent", what);
    let sent = timeout(SEND, sink.send(Message::Text(text.into()))).await;
    failpoint::after("agent", what);
    sent.map_err(|_| ())?.map_err(|_| ())
}

/// What a message is called where it may end the process.
fn name(message: &ToAgent) -> &'static str {
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
