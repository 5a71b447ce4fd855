//! What operators observe: metrics, health, solvency and debug statistics.

pub mod debug_stats;
pub mod health;
pub mod metrics;
pub mod probe;
pub mod solvency;
pub mod status;
