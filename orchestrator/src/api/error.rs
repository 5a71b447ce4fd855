//! Errors of the HTTP API.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status and a message, sent as `{"error": ...}`.
pub(super) struct ApiError(pub StatusCode, pub String);

impl ApiError {
    pub(super) fn not_found(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("{what} is not here"))
    }

    pub(super) fn not_yet() -> Self {
        Self(
            StatusCode::SERVICE_UNAVAILABLE,
            "the orchestrator has just started and has not read the chain yet; ask again in a moment"
                .to_owned(),
        )
    }

    pub(super) fn bad(reason: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, reason.to_string())
    }

    pub(super) fn internal(reason: impl ToString) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, reason.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut answer = (self.0, Json(json!({ "error": self.1 }))).into_response();
        if self.0 == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from_static("2");
            answer.headers_mut().insert(RETRY_AFTER, soon);
        }
        answer
    }
}
