//! Whether a job could be placed, before it is posted.

use serde::{Deserialize, Serialize};

/// The terms of a job that is not posted yet, as far as they decide who may work on it: the body of
/// `POST /v1/quote`. Amounts are base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuoteRequest {
    /// Seats that a shard starts with.
    pub replicas: u8,
    /// Most that a unit may cost.
    pub price_cap: u64,
    /// Most units that a shard is paid for in a seat.
    pub max_units: u64,
    /// Supplier tag; empty for any.
    pub supplier: String,
    /// Region tag; empty for any.
    pub region: String,
    /// Least verified score.
    pub min_score: u64,
    /// Least memory, MiB.
    pub min_memory_mb: u32,
    /// Least cores.
    pub min_cores: u16,
}

/// Whether a job could be placed now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quote {
    /// Whether every seat that a shard starts with could be taken now.
    pub placeable: bool,
    /// Why the job could not be placed now; empty if it could.
    pub blockers: Vec<String>,
}
