//! One connection, from its challenge to its end.

use super::admission::Member;
use super::limits::Allowance;
use super::{Agents, intake::Fault};
use crate::api::Place;
use axum::extract::ws::{Message, WebSocket};
use millrace_chain::fail;
use millrace_protocol::wire::{self, ToAgent};
use std::time::{Duration, Instant};
use tokio::time::timeout;
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
    pub async fn serve(&self, mut socket: WebSocket, place: &Place) {
        let member = tokio::select! {
            () = self.stop.cancelled() => None,
            () = place.pushed_out() => None,
            member = timeout(HANDSHAKE, self.greet(&mut socket)) => member.ok().flatten(),
        };
        let Some(mut member) = member else { return };
        place.settle();
        let provider = member.provider;
        info!(%provider, "agent connected");
        let over = tokio::select! {
            () = self.stop.cancelled() => Over::Lost,
            over = self.talk(&mut socket, &mut member) => over,
        };
        self.leave(&provider, member.number);
        if matches!(over, Over::Flood) {
            let penalty = self.kept_out().punish(provider, Instant::now());
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

    async fn talk(&self, socket: &mut WebSocket, member: &mut Member) -> Over {
        let provider = member.provider;
        let welcome = ToAgent::Welcome {
            provider: provider.to_bytes().into(),
        };
        if send(socket, &welcome).await.is_err() {
            return Over::Lost;
        }
        let mut heard = Instant::now();
        let mut allowance = Allowance::new(heard);
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut beats = 0;
        loop {
            let alive = tokio::select! {
                message = member.inbox.recv() => match message {
                    Some(message) => send(socket, &message).await.is_ok(),
                    // It did not read, or a newer connection has taken its place.
                    None => false,
                },
                frame = socket.recv() => {
                    let now = Instant::now();
                    let length = match &frame {
                        Some(Ok(Message::Text(text))) => text.len(),
                        Some(Ok(Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes))) => bytes.len(),
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Over::Lost,
                    };
                    if !allowance.hears(length, now) {
                        return Over::Flood;
                    }
                    if let Some(Ok(Message::Text(text))) = frame {
                        heard = now;
                        let wrong = match self.hear(provider, &text).await {
                            Ok(()) => false,
                            Err(Fault::Stale(reason)) => {
                                debug!(%provider, reason, "what an agent said came too late");
                                false
                            }
                            Err(Fault::Wrong(reason)) => {
                                debug!(%provider, reason, "what an agent said is wrong, and left out");
                                true
                            }
                        };
                        if wrong && !allowance.bears_mistake(Instant::now()) {
                            return Over::Flood;
                        }
                    }
                    true
                }
                _ = ping.tick() => {
                    beats += 1;
                    heard.elapsed() < SILENCE && send(socket, &ToAgent::Ping { n: beats }).await.is_ok()
                }
            };
            if !alive {
                return Over::Lost;
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: &ToAgent) -> Result<(), ()> {
    let text = wire::encode(message).map_err(|error| warn!(%error, "a message was not sent"))?;
    let what = name(message);
    fail::before("agent", what);
    let sent = timeout(SEND, socket.send(Message::Text(text.into()))).await;
    fail::after("agent", what);
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
