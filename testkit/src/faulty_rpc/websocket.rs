//! Subscriptions through the proxy.

use super::{Proxy, count};
use axum::extract::State;
use axum::extract::ws::{Message as ClientMessage, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as ValidatorMessage;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Validator = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(super) async fn upgrade(State(proxy): State<Proxy>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |client| async move {
        let Ok((validator, _)) = connect_async(&*proxy.ws_url).await else {
            return;
        };
        let stop = proxy.stop.clone();
        let (to_client, from_client) = client.split();
        let (to_validator, from_validator) = validator.split();
        let (queue, queued) = mpsc::unbounded_channel();
        // The first of them to end closes both sides.
        tokio::select! {
            () = stop.cancelled() => {}
            () = forward_requests(from_client, to_validator) => {}
            () = forward_notifications(&proxy, from_validator, queue) => {}
            () = write(queued, to_client) => {}
        }
    })
}

/// Passes the client's messages on unchanged.
async fn forward_requests(
    mut from_client: SplitStream<WebSocket>,
    mut to_validator: SplitSink<Validator, ValidatorMessage>,
) {
    while let Some(Ok(message)) = from_client.next().await {
        let message = match message {
            ClientMessage::Text(text) => ValidatorMessage::text(text.as_str()),
            ClientMessage::Binary(bytes) => ValidatorMessage::binary(bytes),
            ClientMessage::Ping(bytes) => ValidatorMessage::Ping(bytes),
            ClientMessage::Pong(bytes) => ValidatorMessage::Pong(bytes),
            ClientMessage::Close(_) => return,
        };
        if to_validator.send(message).await.is_err() {
            return;
        }
    }
}

/// Passes the validator's messages on and applies the faults to notifications.
async fn forward_notifications(
    proxy: &Proxy,
    mut from_validator: SplitStream<Validator>,
    queue: mpsc::UnboundedSender<ClientMessage>,
) {
    while let Some(Ok(message)) = from_validator.next().await {
        let message = match message {
            ValidatorMessage::Text(text) => ClientMessage::text(text.as_str()),
            ValidatorMessage::Binary(bytes) => ClientMessage::binary(bytes),
            ValidatorMessage::Ping(bytes) => ClientMessage::Ping(bytes),
            ValidatorMessage::Pong(bytes) => ClientMessage::Pong(bytes),
            ValidatorMessage::Close(_) => return,
            ValidatorMessage::Frame(_) => continue,
        };
        let is_notification =
            matches!(&message, ClientMessage::Text(text) if text.contains("Notification\""));
        if !is_notification {
            if queue.send(message).is_err() {
                return;
            }
            continue;
        }
        let faults = proxy.faults();
        if faults.muted || proxy.happens(faults.lost) {
            count(&proxy.counts.notifications);
            continue;
        }
        if proxy.happens(faults.repeated) {
            count(&proxy.counts.notifications);
            let _ = queue.send(message.clone());
        }
        if proxy.happens(faults.late) {
            count(&proxy.counts.notifications);
            let (queue, delay) = (queue.clone(), Duration::from_millis(proxy.below(500)));
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                let _ = queue.send(message);
            });
        } else if queue.send(message).is_err() {
            return;
        }
        if proxy.happens(faults.cut) {
            count(&proxy.counts.cuts);
            return;
        }
    }
}

async fn write(
    mut queued: mpsc::UnboundedReceiver<ClientMessage>,
    mut to_client: SplitSink<WebSocket, ClientMessage>,
) {
    while let Some(message) = queued.recv().await {
        if to_client.send(message).await.is_err() {
            return;
        }
    }
}
