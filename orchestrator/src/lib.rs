//! The orchestrator: watches the chain, hands work out, brings attestations back.
//!
//! Data flows one way: **watch** (the chain crate's feed) → **plan** (pure) → **act** (transactions
//! and dispatches). The chain decides, the orchestrator proposes: it can be slow, wrong or crashed,
//! and nobody loses money by it.

mod act;
mod agents;
mod api;
mod blobs;
mod config;
mod desk;
mod error;
mod events;
mod leases;
mod plan;
mod readiness;
mod service;
pub mod simulation;
mod store;
mod tenure;
mod view;

pub use blobs::{BlobError, BlobPlace};
pub use config::{ChainConfig, Config};
pub use error::OrchestratorError;
pub use service::{Handle, start};
pub use store::{StoreError, StorePlace};
