//! Runs a shard again as an agent would, to audit a job.

use std::sync::atomic::AtomicBool;

use millrace_protocol::key::Key;
use millrace_protocol::receipt::Receipt;
use millrace_runtime::exit_code;

use crate::error::AgentError;
use crate::execute::{ShardRunner, TaskInputs};

/// Runs shards again.
pub struct Recomputer {
    runner: ShardRunner,
}

impl Recomputer {
    /// # Errors
    /// If this machine cannot run WebAssembly.
    pub fn new() -> Result<Self, AgentError> {
        Ok(Self {
            runner: ShardRunner::new()?,
        })
    }

    /// The receipt of a shard of a job. Blocks until the shard has run.
    ///
    /// # Errors
    /// Why the shard cannot be run, in words.
    pub fn receipt(&self, job: &Key, shard: u32, inputs: &TaskInputs) -> Result<Receipt, String> {
        let never = AtomicBool::new(false);
        let outcome = self.runner.run(job, shard, inputs, &never);
        let outcome = outcome.map_err(|error| error.to_string())?;
        let exit = exit_code(&outcome.exit);
        Ok(Receipt::new(&outcome.output, exit, outcome.fuel))
    }
}
