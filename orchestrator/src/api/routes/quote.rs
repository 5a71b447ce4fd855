//! `POST /v1/quote`.

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use axum::Json;
use axum::extract::State;
use millrace_protocol::api::{Quote, QuoteRequest};

pub(crate) async fn quote(
    State(state): State<ApiState>,
    Json(terms): Json<QuoteRequest>,
) -> Result<Json<Quote>, ApiError> {
    if terms.replicas == 0 || terms.price_cap == 0 || terms.max_units == 0 {
        return Err(ApiError::bad(
            "a quote needs replicas, price_cap and max_units, each more than nothing",
        ));
    }
    let blockers = state.jobs.placement_blockers(&terms).await;
    Ok(Json(Quote {
        placeable: blockers.is_empty(),
        blockers,
    }))
}
