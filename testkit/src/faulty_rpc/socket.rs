//! The websocket through the bad network.

use super::{Way, count};
use axum::extract::State;
use axum::extract::ws::{Message as Near, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message as Far;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Validator = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Takes a subscriber in.
pub async fn socket(State(way): State<Way>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |near| async move {
        let Ok((far, _)) = connect_async(&*way.ws_url).await else {
            return;
        };
        let stop = way.stop.clone();
        let (near_out, near_in) = near.split();
        let (far_out, far_in) = far.split();
        let (late, delayed) = mpsc::unbounded_channel();
        // Whichever ends first takes the others with it.
        tokio::select! {
            () = stop.cancelled() => {}
            () = ask(near_in, far_out) => {}
            () = tell(&way, far_in, late) => {}
            () = write(delayed, near_out) => {}
        }
    })
}

/// What the subscriber asks for goes through unharmed.
async fn ask(mut near: SplitStream<WebSocket>, mut far: SplitSink<Validator, Far>) {
    while let Some(Ok(message)) = near.next().await {
        let message = match message {
            Near::Text(text) => Far::text(text.as_str()),
            Near::Binary(bytes) => Far::binary(bytes),
            Near::Ping(bytes) => Far::Ping(bytes),
            Near::Pong(bytes) => Far::Pong(bytes),
            Near::Close(_) => return,
        };
        if far.send(message).await.is_err() {
            return;
        }
    }
}

/// What the validator tells is harmed where it is a notification.
async fn tell(way: &Way, mut far: SplitStream<Validator>, out: mpsc::UnboundedSender<Near>) {
    while let Some(Ok(message)) = far.next().await {
        let message = match message {
            Far::Text(text) => Near::text(text.as_str()),
            Far::Binary(bytes) => Near::binary(bytes),
            Far::Ping(bytes) => Near::Ping(bytes),
            Far::Pong(bytes) => Near::Pong(bytes),
            Far::Close(_) => return,
            Far::Frame(_) => continue,
        };
        let notifies = matches!(&message, Near::Text(text) if text.contains("Notification\""));
        if !notifies {
            if out.send(message).is_err() {
                return;
            }
            continue;
        }
        let faults = &way.faults;
        if faults.muted || way.happens(faults.lost) {
            count(&way.counts.notifications);
            continue;
        }
        if way.happens(faults.repeated) {
            count(&way.counts.notifications);
            let _ = out.send(message.clone());
        }
        if way.happens(faults.late) {
            count(&way.counts.notifications);
            let (out, wait) = (out.clone(), Duration::from_millis(way.below(500)));
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let _ = out.send(message);
            });
        } else if out.send(message).is_err() {
            return;
        }
        if way.happens(faults.cut) {
            count(&way.counts.cuts);
            return;
        }
    }
}

async fn write(mut messages: mpsc::UnboundedReceiver<Near>, mut near: SplitSink<WebSocket, Near>) {
    while let Some(message) = messages.recv().await {
        if near.send(message).await.is_err() {
            return;
        }
    }
}
