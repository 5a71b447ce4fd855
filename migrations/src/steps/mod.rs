//! The migrations.

pub(crate) mod m0001_initialize_network;
pub(crate) mod m0002_open_buckets;
pub(crate) mod m0003_register_orchestrator;
pub(crate) mod m0004_open_rewards;
