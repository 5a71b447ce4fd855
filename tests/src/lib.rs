//! Support of the end-to-end tests and the benchmark: whole networks on the embedded validator or on
//! the real one, and small jobs to run on them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends here")]

pub mod agave;
pub mod bare;
pub mod jobs;
pub mod net;
pub mod orchestrator;
pub mod postgres;
pub mod proxy;
