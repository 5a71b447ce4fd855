//! Support of the end-to-end tests and the benchmark: whole networks on the embedded validator or on
//! the real one, and small jobs to run on them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends here")]

pub mod agave;
pub mod agent;
pub mod jobs;
pub mod net;
pub mod process;
pub mod proxy;
