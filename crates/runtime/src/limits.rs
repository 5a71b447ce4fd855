//! Resource limits of a run, and the limiter of its memory.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::outcome::{ProgramFailure, Stop};

/// Resource limits of a run. All except `wall` are part of the job, so exceeding them is a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Fuel.
    pub fuel: u64,
    /// Linear memory and tables together, in bytes (a table element counts 8).
    pub memory_bytes: u64,
    /// Standard output, in bytes.
    pub output_bytes: u64,
    /// Standard error to keep, in bytes.
    pub log_bytes: u64,
    /// Time limit of this host, checked every few milliseconds. Exceeding it is not a result.
    pub wall: Duration,
}

/// Bytes that a table element counts as.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Maximum size of a 32-bit memory: 4 GiB.
const MAX_MEMORY32_BYTES: u64 = 1 << 32;
/// Maximum number of elements of a table.
const MAX_TABLE_ELEMENTS: u64 = u32::MAX as u64;

/// Grants memory up to the limit and ends the run at the first request beyond it. A program that got an
/// error instead could continue in a way that depends on when it got the error.
pub(crate) struct MemoryLimiter {
    limit: u64,
    used: u64,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    fn grow(&mut self, current: u64, desired: u64, maximum: u64) -> wasmtime::Result<bool> {
        let requested = self.used.saturating_add(desired.saturating_sub(current));
        if requested > self.limit {
            return Err(wasmtime::Error::new(Stop::Failed(
                ProgramFailure::OutOfMemory,
            )));
        }
        // Beyond the maximum that the module declares, growing returns -1, as the standard requires.
        if desired > maximum {
            return Ok(false);
        }
        self.used = requested;
        Ok(true)
    }
}

/// The host could not provide memory that the limiter had granted. The program is not at fault.
fn out_of_host_memory(error: wasmtime::Error) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Host(format!("no memory for the program: {error}")))
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let maximum = maximum.map_or(MAX_MEMORY32_BYTES, |bytes| bytes as u64);
        self.grow(
            current as u64,
            desired as u64,
            maximum.min(MAX_MEMORY32_BYTES),
        )
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(out_of_host_memory(error))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: u64| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        let maximum = maximum.map_or(MAX_TABLE_ELEMENTS, |elements| elements as u64);
        self.grow(
            bytes(current as u64),
            bytes(desired as u64),
            bytes(maximum.min(MAX_TABLE_ELEMENTS)),
        )
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(out_of_host_memory(error))
    }

    fn instances(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn memory_and_tables_share_one_limit() {
        let mut limiter = MemoryLimiter::new(1000);
        assert!(limiter.memory_growing(0, 600, None).unwrap());
        assert!(limiter.table_growing(0, 50, None).unwrap());
        let error = limiter.table_growing(50, 51, None).unwrap_err();
        assert_eq!(Stop::of(&error), Stop::Failed(ProgramFailure::OutOfMemory));
    }

    #[test]
    fn growth_beyond_the_declared_maximum_is_refused_and_not_counted() {
        let mut limiter = MemoryLimiter::new(1000);
        assert!(!limiter.memory_growing(0, 600, Some(500)).unwrap());
        assert!(limiter.memory_growing(0, 1000, None).unwrap());
    }

    #[test]
    fn failed_growth_is_an_error_of_the_host() {
        let mut limiter = MemoryLimiter::new(1000);
        limiter.memory_growing(0, 600, None).unwrap();
        let error = limiter
            .memory_grow_failed(wasmtime::Error::msg("mmap"))
            .unwrap_err();
        assert!(matches!(Stop::of(&error), Stop::Host(_)));
    }
}
