//! Leases on a store that several orchestrators share.

pub mod manager;
pub mod partition;
pub mod rebalance;
pub mod set;
