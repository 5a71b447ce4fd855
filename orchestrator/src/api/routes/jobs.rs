//! `GET /v1/jobs`, `GET /v1/jobs/{job}` and `GET /v1/jobs/{job}/selections`.

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use axum::Json;
use axum::extract::{Path, State};
use millrace_client::Pubkey;
use millrace_protocol::api::JobView;
use millrace_protocol::selection::SelectionRecord;

pub(crate) async fn list(State(state): State<ApiState>) -> Result<Json<Vec<JobView>>, ApiError> {
    require_chain(&state).await?;
    state
        .jobs
        .jobs()
        .await
        .map(Json)
        .map_err(ApiError::internal)
}

pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(job): Path<String>,
) -> Result<Json<JobView>, ApiError> {
    let key = address(&job)?;
    require_chain(&state).await?;
    let found = state.jobs.job(&key).await.map_err(ApiError::internal)?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found("the job"))
}

/// The selection records of a job; empty if this orchestrator assigned none of its seats.
pub(crate) async fn selections(
    State(state): State<ApiState>,
    Path(job): Path<String>,
) -> Result<Json<Vec<SelectionRecord>>, ApiError> {
    let selections = state.jobs.selections(&address(&job)?).await;
    selections.map(Json).map_err(ApiError::internal)
}

fn address(text: &str) -> Result<Pubkey, ApiError> {
    let key = text.parse();
    key.map_err(|_| ApiError::bad(format!("{text} is not an address")))
}

/// An orchestrator that has just started cannot answer before it has read the chain.
async fn require_chain(state: &ApiState) -> Result<(), ApiError> {
    if state.jobs.has_read_chain().await {
        Ok(())
    } else {
        Err(ApiError::not_yet())
    }
}
