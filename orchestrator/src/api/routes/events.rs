//! `GET /v1/events?after=CURSOR&job=KEY&follow=true`: what happened, one JSON object a line; as
//! server-sent events for clients that accept them.

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::error::OrchestratorError;
use crate::events::EventEntry;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use millrace_client::Pubkey;
use serde::Deserialize;

/// Media type of a JSON object a line.
const LINES: &str = "application/x-ndjson";
const SERVER_SENT: &str = "text/event-stream";

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// Cursor of the last known event; without it all events are returned.
    after: Option<String>,
    /// Only events of this job.
    job: Option<String>,
    /// Go on with what happens from now on.
    #[serde(default)]
    follow: bool,
}

pub(crate) async fn events(
    State(state): State<ApiState>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = header(header::ACCEPT).is_some_and(|kinds| kinds.contains(SERVER_SENT));
    // A browser that reconnects sends the cursor of its last event.
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = match resumed.or(asked.after.as_deref()) {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            ApiError::bad(format!(
                "{text} is not a cursor; pass the cursor of an event"
            ))
        })?,
    };
    if let Some(job) = &asked.job {
        let known = job.parse::<Pubkey>();
        known.map_err(|_| ApiError::bad(format!("{job} is not an address")))?;
    }
    let follow = (asked.follow || sent).then(|| state.end.clone());
    let told = state.events.after(after, asked.job, follow);
    if sent {
        let events = told.map(|told| event(told?));
        return Ok(Sse::new(events)
            .keep_alive(KeepAlive::default())
            .into_response());
    }
    let lines = told.map(|told| line(&told?));
    let kind = [(header::CONTENT_TYPE, LINES)];
    Ok((kind, Body::from_stream(lines)).into_response())
}

fn line(told: &EventEntry) -> Result<Vec<u8>, Cut> {
    let mut line = serde_json::to_vec(told)?;
    line.push(b'\n');
    Ok(line)
}

fn event(told: EventEntry) -> Result<Event, Cut> {
    let data = serde_json::to_string(&told)?;
    let name = told.recorded.event.name().to_owned();
    Ok(Event::default().id(told.cursor).event(name).data(data))
}

/// Why a stream was cut off.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error(transparent)]
    Store(#[from] OrchestratorError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
