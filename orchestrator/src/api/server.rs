//! Accepts connections and serves them, with limits on their number and on slow clients.

use super::limits::connections::{ConnectionLimiter, ConnectionSlot};
use super::limits::write_timeout::with_write_timeout;
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

/// Most connections besides those of authenticated agents. The default limit of 1,024 open files leaves room
/// for about 400 agents.
const MAX_CONNECTIONS: usize = 512;
/// Limit from the end of one request to the end of the next request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_HEAD_BYTES: usize = 64 << 10;
/// The connection is closed if the client does not accept a chunk of a response within this time.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after an error of the listener, which usually means that no file descriptor is free.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// Serves until `stop`. Each request has its connection's [`ConnectionSlot`] as an extension.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let limiter = ConnectionLimiter::new(MAX_CONNECTIONS);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let slot = Arc::new(limiter.accept(from.ip()));
                let (router, stop) = (router.clone(), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = slot.evicted() => debug!(%from, "connection evicted by a newer one"),
                        () = serve_connection(stream, router, slot.clone()) => {}
                    }
                });
            }
            Err(error) => {
                warn!(%error, "failed to accept a connection; raise the limit of open files");
                tokio::time::sleep(ACCEPT_RETRY_INTERVAL).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router, slot: Arc<ConnectionSlot>) {
    // Responses are short, and clients wait for each. Without this option they are only slower.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(slot.clone());
        router.call(request)
    });
    let stream = with_write_timeout(stream, WRITE_TIMEOUT);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = served.await {
        debug!(%error, "connection failed");
    }
}
