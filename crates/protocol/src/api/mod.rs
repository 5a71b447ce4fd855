//! The JSON types of the orchestrator's HTTP API. A field that another version leaves out has its
//! default, so either side can be the newer one.

mod health;
mod job;
mod phase;
mod quote;

pub use health::{HealthView, ProblemView};
pub use job::{JobView, SeatView, ShardView};
pub use phase::{JobPhase, SeatPhase, ShardPhase};
pub use quote::{Quote, QuoteRequest};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::documented::{documented_fields, fields_of};
    use crate::key::Key;
    use crate::selection::{CandidateRecord, SelectionRecord};
    use std::collections::BTreeSet;

    const PAGE: &str = include_str!("../../../../docs/http-api.md");

    fn fields(value: impl serde::Serialize) -> BTreeSet<String> {
        fields_of(&serde_json::to_value(value).unwrap())
    }

    #[test]
    fn every_field_of_a_job_is_documented() {
        let shard = ShardView {
            seats: vec![SeatView::default()],
            ..ShardView::default()
        };
        let job = JobView {
            shards: vec![shard],
            ..JobView::default()
        };
        let documented = documented_fields(PAGE, "### `GET /v1/jobs/{job}`");
        assert_eq!(documented, fields(job));
    }

    #[test]
    fn every_field_of_a_selection_record_is_documented() {
        let candidate = CandidateRecord {
            provider: Key([1; 32]),
            ask_price: 1,
            score: 1,
            finished_seats: 1,
            active_stake: 1,
            free_stake: 1,
            promised_stake: 1,
            ineligible: None,
        };
        let record = SelectionRecord {
            candidates: vec![candidate],
            ..SelectionRecord::default()
        };
        let documented = documented_fields(PAGE, "### `GET /v1/jobs/{job}/selections`");
        assert_eq!(documented, fields(record));
    }

    #[test]
    fn every_field_of_a_quote_is_documented() {
        let mut both = fields(QuoteRequest::default());
        both.extend(fields(Quote::default()));
        assert_eq!(documented_fields(PAGE, "### `POST /v1/quote`"), both);
    }
}
