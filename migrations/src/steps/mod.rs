//! The migrations.

pub mod m0001_initialize_network;
pub mod m0002_open_buckets;
pub mod m0003_register_orchestrator;
pub mod m0004_open_rewards;
