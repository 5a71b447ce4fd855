//! The orchestrator: watches the chain, hands work out, brings attestations back.
//!
//! Data flows one way: **watch** (the chain crate's feed) → **plan** (pure) → **act** (transactions
//! and dispatches). The chain decides, the orchestrator proposes: it can be slow, wrong or crashed,
//! and nobody loses money by it.

mod act;
mod agents;
mod api;
mod archive;
mod audit;
mod blobs;
mod config;
mod desk;
mod error;
mod events;
mod health;
mod jobs;
mod leases;
mod marked;
mod metrics;
mod plan;
mod probe;
mod readiness;
mod service;
pub mod simulation;
mod status;
mod store;
mod tenure;
mod tidy;
mod unclaimed;
mod view;
mod vitals;

pub use blobs::{BlobError, BlobPlace};
pub use config::{ChainConfig, Config, Limits};
pub use error::OrchestratorError;
pub use service::{Ended, Handle, start};
pub use store::{StoreError, StorePlace};
