//! Turns: so many requests of a kind are worked on at a time, the others wait a little, and whoever
//! would wait longer is told to come again.

use super::Failure;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a request waits for its turn.
const WAIT: Duration = Duration::from_secs(10);

/// Turns of one kind.
#[derive(Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    /// How long one may take.
    most: Duration,
}

impl Turns {
    /// So many at a time, each at most so long.
    pub fn new(at_a_time: usize, most: Duration) -> Self {
        Self {
            free: Arc::new(Semaphore::new(at_a_time)),
            most,
        }
    }
}

/// Serves a request when its turn comes.
pub async fn take_turn(State(turns): State<Turns>, request: Request, next: Next) -> Response {
    let Ok(Ok(_turn)) = timeout(WAIT, turns.free.acquire()).await else {
        return busy("too many requests are being served");
    };
    match timeout(turns.most, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => busy("it took too long"),
    }
}

fn busy(reason: &str) -> Response {
    let failure = Failure(
        StatusCode::SERVICE_UNAVAILABLE,
        format!("{reason}; ask again in a moment"),
    );
    let mut answer = failure.into_response();
    let soon = HeaderValue::from_static("2");
    answer.headers_mut().insert(RETRY_AFTER, soon);
    answer
}
