//! The JSON types of the orchestrator's HTTP API. A field that another version leaves out has its
//! default, so either side can be the newer one.

mod job;
mod quote;

pub use job::{JobView, PartView, SeatView};
pub use quote::{Quote, QuoteRequest};
