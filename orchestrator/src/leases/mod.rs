//! Leases of a store that several orchestrators share: partitions, what this process owns, and the
//! manager that renews it.

pub mod manager;
pub mod partition;
pub mod set;
