//! The unit that jobs pay for.

/// Fuel in one unit.
pub const FUEL_PER_UNIT: u64 = 1_000_000;
