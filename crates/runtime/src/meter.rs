//! The host function of the stack meter, and what the fuel meter charges for work of the host.

/// Where the meter's host function is imported from; no module may import it by itself.
pub(crate) const METER_MODULE: &str = "millrace";
/// Name of the meter's host function, of type `(i32) -> ()`.
pub(crate) const METER_NAME: &str = "meter";
/// Its argument before memory grows: nothing to do.
pub(crate) const METER_NOTE: i32 = 0;
/// Its argument when the stack has run out: it does not return.
pub(crate) const METER_OVERFLOW: i32 = 1;

/// Fuel of a page of memory that is asked for: clearing it is work.
pub(crate) const FUEL_PER_PAGE: u8 = 255;
/// Fuel that each call of the host costs.
pub const HOST_CALL_FUEL: u64 = 200;
/// Fuel that a random byte costs: it has to be hashed.
pub const RANDOM_FUEL_PER_BYTE: u64 = 8;
