//! The orchestrator: watches the chain, assigns shards to providers and records their results on chain.
//!
//! Data flows in one direction: the client's account cache, the planner (a pure function) and the executor
//! (transactions, messages to agents and writes to the store). The chain decides and the orchestrator
//! proposes: if it is slow, wrong or down, no one loses money.

mod agents;
mod api;
mod background;
mod blobs;
mod config;
mod error;
mod events;
mod executor;
mod heartbeat;
mod jobs;
mod leases;
mod observability;
mod planner;
mod service;
pub mod simulation;
mod snapshots;
mod start;
mod store;
mod submissions;

pub use blobs::{BlobLocation, BlobStoreError};
pub use config::{ChainConfig, Config, HealthLimits};
pub use error::OrchestratorError;
pub use start::{Handle, ShutdownReport, start};
pub use store::{StoreError, StoreLocation};
