//! `GET /v1/jobs`, `GET /v1/jobs/{job}` and `GET /v1/jobs/{job}/selections`.

use crate::api::Failure;
use crate::api::state::ApiState;
use axum::Json;
use axum::extract::{Path, State};
use millrace_client::Pubkey;
use millrace_protocol::api::JobView;
use millrace_protocol::selection::SelectionRecord;

pub(crate) async fn list(State(state): State<ApiState>) -> Result<Json<Vec<JobView>>, Failure> {
    require_chain(&state).await?;
    state.jobs.jobs().await.map(Json).map_err(Failure::internal)
}

pub(crate) async fn show(
    State(state): State<ApiState>,
    Path(job): Path<String>,
) -> Result<Json<JobView>, Failure> {
    let key = address(&job)?;
    require_chain(&state).await?;
    let found = state.jobs.job(&key).await.map_err(Failure::internal)?;
    found.map(Json).ok_or_else(|| Failure::not_found("the job"))
}

/// By what seats of a job were given; empty where this orchestrator gave none.
pub(crate) async fn selections(
    State(state): State<ApiState>,
    Path(job): Path<String>,
) -> Result<Json<Vec<SelectionRecord>>, Failure> {
    let selections = state.jobs.selections(&address(&job)?).await;
    selections.map(Json).map_err(Failure::internal)
}

fn address(text: &str) -> Result<Pubkey, Failure> {
    let key = text.parse();
    key.map_err(|_| Failure::bad(format!("{text} is no address")))
}

/// An orchestrator that has just started cannot answer before it has read the chain.
async fn require_chain(state: &ApiState) -> Result<(), Failure> {
    match state.jobs.has_read_chain().await {
        true => Ok(()),
        false => Err(Failure::not_yet()),
    }
}
