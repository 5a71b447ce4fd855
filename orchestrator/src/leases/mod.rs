//! Leases on a store that several orchestrators share.

pub(crate) mod fence;
pub(crate) mod manager;
pub(crate) mod partition;
pub(crate) mod rebalance;
pub(crate) mod set;
