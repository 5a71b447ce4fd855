//! Units of computation: what a job pays for.

/// Fuel in one unit.
pub const FUEL_PER_UNIT: u64 = 1_000_000;
