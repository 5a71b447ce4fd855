//! Takes connections in and serves each, within bounds on their number and their slowness.

use super::limits::connections::{ConnectionLimiter, ConnectionSlot};
use super::limits::write_timeout::WriteTimeout;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// Connections beside those of agents that were let in. With the default limit of 1,024 open files
/// some 400 agents fit beside them.
const CROWD: usize = 512;
/// From one request's end to the end of the next one's head.
const HEAD: Duration = Duration::from_secs(30);
/// What one connection may hold of a request's head.
const HEAD_BYTES: usize = 64 << 10;
/// A part of an answer that is not taken in this time ends the connection.
const STALL: Duration = Duration::from_secs(30);
/// Pause after an error of the listener: there are no free file descriptors, as a rule.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until `stop`. Handlers find their connection's [`ConnectionSlot`] among a request's extensions.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let crowd = ConnectionLimiter::new(CROWD);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let place = Arc::new(crowd.enter(from.ip()));
                let (router, stop) = (router.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = place.evicted() => debug!(%from, "pushed out by newer ones"),
                        () = connection(stream, router, place.clone()) => {}
                    }
                });
            }
            Err(error) => {
                warn!(%error, "no connection can be taken in; raise the limit of open files");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, place: Arc<ConnectionSlot>) {
    // Answers are short, and each is waited for. Where it can't be set, they are only later.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(place.clone());
        router.call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream, STALL)), service)
        .with_upgrades();
    if let Err(error) = served.await {
        debug!(%error, "a connection broke");
    }
}
