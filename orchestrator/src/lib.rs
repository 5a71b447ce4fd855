//! The orchestrator: watches the chain, hands work out, brings attestations back.
//!
//! Data flows one way: **watch** (the chain crate's feed) → **plan** (pure) → **act** (transactions
//! and dispatches). The chain decides, the orchestrator proposes: it can be slow, wrong or crashed,
//! and no one loses money because of it.

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
pub use config::{ChainConfig, Config, Limits};
pub use error::OrchestratorError;
pub use start::{Handle, ShutdownReport, start};
pub use store::{StoreError, StoreLocation};
