//! What operators observe: metrics, health, solvency and debug statistics.

pub(crate) mod debug_stats;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod probe;
pub(crate) mod solvency;
pub(crate) mod status;
