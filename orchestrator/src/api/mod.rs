//! The HTTP API: blobs, jobs, quotes, events, agents, health, metrics.

#[cfg(test)]
mod documented;
mod error;
pub(crate) mod limits;
mod routes;
mod server;
pub(crate) mod state;

pub(crate) use limits::connections::ConnectionSlot;
pub(crate) use server::serve;

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::observability::debug_stats::DebugStats;
use crate::observability::metrics::{CONTENT_TYPE, count_requests};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use limits::concurrency::{ConcurrencyLimit, limit_concurrency};
use millrace_protocol::agent::MAX_FRAME_BYTES;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Concurrent queries: each may read the chain or all jobs.
const MAX_QUERIES: usize = 32;
/// Concurrent requests of supervisors and of Prometheus, which queries do not delay.
const MAX_PROBES: usize = 16;
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Concurrent uploads and downloads of blobs.
const MAX_TRANSFERS: usize = 128;
/// 64 MiB at the slowest allowed rate, and the time that an upload may take to start.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(2_100);
/// Read buffer of a websocket: messages of agents are short.
const READ_BYTES: usize = 8 << 10;

pub(crate) fn router(state: ApiState) -> Router {
    let count = from_fn_with_state(state.metrics.clone(), count_requests);
    let probes = ConcurrencyLimit::new(MAX_PROBES, QUERY_TIMEOUT);
    let probes = Router::new()
        .route("/health", get(health))
        .route("/health/live", get(live))
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(probes, limit_concurrency));
    let queries = ConcurrencyLimit::new(MAX_QUERIES, QUERY_TIMEOUT);
    let queries = Router::new()
        .route("/v1/health", get(health))
        .route("/v1/debug/stats", get(debug_stats))
        .route("/v1/events", get(routes::events::events))
        .route("/v1/quote", post(routes::quote::quote))
        .route("/v1/jobs", get(routes::jobs::list))
        .route("/v1/jobs/{job}", get(routes::jobs::show))
        .route("/v1/jobs/{job}/selections", get(routes::jobs::selections))
        .layer(from_fn_with_state(queries, limit_concurrency));
    let transfers = ConcurrencyLimit::new(MAX_TRANSFERS, TRANSFER_TIMEOUT);
    let transfers = Router::new()
        .route(
            "/v1/blobs/{name}",
            get(routes::blobs::get_blob).put(routes::blobs::put_blob),
        )
        .layer(from_fn_with_state(transfers, limit_concurrency));
    // Agents are not limited: all other requests depend on them.
    Router::new()
        .route("/v1/agents", get(agents))
        .merge(queries)
        .merge(transfers)
        .merge(probes)
        .layer(count)
        .with_state(state)
}

fn code(is_well: bool) -> StatusCode {
    if is_well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

async fn health(State(state): State<ApiState>) -> Response {
    let health = state.status.health().await;
    (code(health.is_well()), Json(health)).into_response()
}

/// Whether the planning loop makes progress. If not, a restart helps.
async fn live(State(state): State<ApiState>) -> Response {
    let alive = state.status.is_alive();
    (code(alive), Json(json!({ "alive": alive }))).into_response()
}

async fn metrics(State(state): State<ApiState>) -> Response {
    let shown = state.status.metrics().await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], shown).into_response()
}

async fn debug_stats(State(state): State<ApiState>) -> Result<Json<DebugStats>, ApiError> {
    state
        .debug_stats
        .collect()
        .await
        .map(Json)
        .map_err(ApiError::internal)
}

/// The list of agents, or, for an agent that asks for a websocket, its connection.
async fn agents(
    State(state): State<ApiState>,
    Extension(place): Extension<Arc<ConnectionSlot>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return Json(state.agents.infos()).into_response();
    };
    let limited = upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .read_buffer_size(READ_BYTES);
    limited.on_upgrade(async move |socket| state.agents.serve(socket, &place).await)
}
