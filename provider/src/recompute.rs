//! Runs a shard again as an agent runs it, for whoever audits a job.

use crate::error::AgentError;
use crate::execute::{Executor, Materials};
use millrace_protocol::key::Key;
use millrace_protocol::receipt::Receipt;
use millrace_runtime::exit_code;
use std::sync::atomic::AtomicBool;

/// Runs shards again.
pub struct Recomputer {
    executor: Executor,
}

impl Recomputer {
    /// # Errors
    /// Where this machine can't run WebAssembly.
    pub fn new() -> Result<Self, AgentError> {
        Ok(Self {
            executor: Executor::new()?,
        })
    }

    /// What a shard of a job comes to. Blocks for as long as the shard takes.
    ///
    /// # Errors
    /// Why it can't be run, in words.
    pub fn receipt(
        &self,
        (job, shard): (&Key, u32),
        materials: &Materials,
    ) -> Result<Receipt, String> {
        let never = AtomicBool::new(false);
        let outcome = self.executor.run((job, shard), materials, &never);
        let outcome = outcome.map_err(|error| error.to_string())?;
        let exit = exit_code(&outcome.exit);
        Ok(Receipt::new(&outcome.output, exit, outcome.fuel))
    }
}
