//! The HTTP API: blobs, jobs, quotes, events, agents, health, metrics.

mod blobs;
mod events;
mod jobs;
mod quote;

use crate::metrics::{CONTENT_TYPE, count_requests};
use crate::service::Service;
use axum::Json;
use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, State, WebSocketUpgrade};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use millrace_protocol::wire::MAX_FRAME_BYTES;
use serde_json::json;

/// An answer that says what went wrong.
pub struct Failure(StatusCode, String);

impl Failure {
    fn not_found(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("{what} is not here"))
    }

    fn bad(reason: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, reason.to_string())
    }

    fn internal(reason: impl ToString) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, reason.to_string())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// All routes.
pub fn router(service: Service) -> Router {
    let blob = get(blobs::get_blob).put(blobs::put_blob);
    let count = middleware::from_fn_with_state(service.metrics().clone(), count_requests);
    Router::new()
        .route("/health", get(health))
        .route("/health/live", get(alive))
        .route("/metrics", get(metrics))
        .route("/v1/health", get(health))
        .route("/v1/agents", get(agents))
        .route("/v1/events", get(events::events))
        .route("/v1/jobs", get(jobs::list))
        .route("/v1/jobs/{job}", get(jobs::show))
        .route("/v1/quote", post(quote::quote))
        .route("/v1/blobs/{name}", blob)
        .layer(count)
        .layer(DefaultBodyLimit::max(crate::blobs::MAX_BLOB_BYTES))
        .with_state(service)
}

/// 200 where something is so, else 503.
fn code(is_well: bool) -> StatusCode {
    if is_well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Whether it does its work.
async fn health(State(service): State<Service>) -> Response {
    let health = service.health().await;
    (code(health.is_well()), Json(health)).into_response()
}

/// Whether it lives: a restart would help where it does not.
async fn alive(State(service): State<Service>) -> Response {
    let alive = service.is_alive();
    (code(alive), Json(json!({ "alive": alive }))).into_response()
}

async fn metrics(State(service): State<Service>) -> Response {
    let shown = service.show_metrics().await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], shown).into_response()
}

/// The list of agents, or, for an agent that asks for a websocket, its connection.
async fn agents(
    State(service): State<Service>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return Json(service.agents().infos()).into_response();
    };
    let limited = upgrade
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES);
    limited.on_upgrade(async move |socket| service.agents().serve(socket).await)
}
