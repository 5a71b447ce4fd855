//! History: all events of the program's finalized transactions, in order, each exactly once. For audits and
//! statistics; no decision of a service depends on it.
//!
//! Signatures of the event authority's address are listed from the newest back to the cursor; their
//! transactions are then read from the oldest on. Events and cursor are stored together, in batches: an
//! interrupted run starts again at the cursor, and no event is missed or stored twice.

mod chain;
mod invocation;
mod of_job;
mod reader;
mod store;
mod walk;

#[cfg(test)]
mod tests;

pub use of_job::{job_events, job_terms};
pub use reader::History;
pub use store::{Cursor, CursorStore, RecordedEvent};
