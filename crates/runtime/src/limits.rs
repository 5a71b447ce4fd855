//! What a run may use, and the watch over its memory.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::outcome::{ProgramFailure, Stop};

/// What a run may use. All but `wall` are part of the job, so that exceeding them is a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Fuel.
    pub fuel: u64,
    /// Linear memory and tables together, in bytes (8 per table element).
    pub memory_bytes: u64,
    /// Standard output, in bytes.
    pub output_bytes: u64,
    /// Standard error that is kept, in bytes.
    pub log_bytes: u64,
    /// This host's patience, checked every few milliseconds. No part of the result.
    pub wall: Duration,
}

/// Bytes a table element is counted as.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Most bytes a 32-bit memory can have: 4 GiB.
const MOST_MEMORY_BYTES: u64 = 1 << 32;
/// Most elements a table can have.
const MOST_TABLE_ELEMENTS: u64 = u32::MAX as u64;

/// Grants memory up to the limit, and fails the run at the first wish beyond it: a program that
/// was told "no" could go on in a way that depends on when it was told.
pub(crate) struct MemoryLimiter {
    limit: u64,
    used: u64,
}

impl MemoryLimiter {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    fn grow(&mut self, current: u64, desired: u64, maximum: u64) -> wasmtime::Result<bool> {
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        if wanted > self.limit {
            return Err(wasmtime::Error::new(Stop::Failed(
                ProgramFailure::OutOfMemory,
            )));
        }
        // Beyond what the module declared the answer is the standard's: -1, and the program lives.
        if desired > maximum {
            return Ok(false);
        }
        self.used = wanted;
        Ok(true)
    }
}

/// Growth that was granted and failed all the same: the host broke its word, not the program.
fn broken_grant(error: wasmtime::Error) -> wasmtime::Error {
    wasmtime::Error::new(Stop::Host(format!(
        "it could not get memory for the program: {error}"
    )))
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let maximum = maximum.map_or(MOST_MEMORY_BYTES, |bytes| bytes as u64);
        self.grow(
            current as u64,
            desired as u64,
            maximum.min(MOST_MEMORY_BYTES),
        )
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(broken_grant(error))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: u64| elements.saturating_mul(TABLE_ELEMENT_BYTES);
        let maximum = maximum.map_or(MOST_TABLE_ELEMENTS, |elements| elements as u64);
        self.grow(
            bytes(current as u64),
            bytes(desired as u64),
            bytes(maximum.min(MOST_TABLE_ELEMENTS)),
        )
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(broken_grant(error))
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
    fn growth_beyond_the_modules_own_maximum_is_refused_and_costs_nothing() {
        let mut limiter = MemoryLimiter::new(1000);
        assert!(!limiter.memory_growing(0, 600, Some(500)).unwrap());
        assert!(limiter.memory_growing(0, 1000, None).unwrap());
    }

    #[test]
    fn a_host_that_breaks_its_grant_is_not_the_programs_failure() {
        let mut limiter = MemoryLimiter::new(1000);
        limiter.memory_growing(0, 600, None).unwrap();
        let error = limiter
            .memory_grow_failed(wasmtime::Error::msg("mmap"))
            .unwrap_err();
        assert!(matches!(Stop::of(&error), Stop::Host(_)));
    }
}
