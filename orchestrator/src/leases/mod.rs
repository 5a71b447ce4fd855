//! Leases on a store that several orchestrators share.

pub mod fence;
pub mod manager;
pub mod partition;
pub mod rebalance;
pub mod set;
