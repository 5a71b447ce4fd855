//! The host function of the stack meter, and the fuel that work of the host costs.

/// Module name of the meter's host function. A program must not import the function itself.
pub(crate) const METER_MODULE: &str = "millrace";
/// Name of the meter's host function, of type `(i32) -> ()`.
pub(crate) const METER_NAME: &str = "meter";
/// Argument before memory grows: the call itself makes the fuel meter current.
pub(crate) const METER_SYNC: i32 = 0;
/// Argument when the stack is exhausted: the call ends the run.
pub(crate) const METER_OVERFLOW: i32 = 1;

/// Fuel that a new page of memory costs, because it must be cleared.
pub(crate) const FUEL_PER_PAGE: u8 = 255;
/// Fuel that each call of the host costs.
pub const HOST_CALL_FUEL: u64 = 200;
/// Fuel that a random byte costs, because it is hashed.
pub const RANDOM_FUEL_PER_BYTE: u64 = 8;
