//! The JSON types of the orchestrator's HTTP API. A field that another version leaves out has its
//! default, so either side can be the newer one.

mod job;
mod phase;
mod quote;

pub use job::{JobView, SeatView, ShardView};
pub use phase::{JobPhase, SeatPhase, ShardPhase};
pub use quote::{Quote, QuoteRequest};
