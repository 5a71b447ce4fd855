//! Fetches the inputs of a task, runs the program and builds the result.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use millrace_protocol::agent::{ShardResult, Task};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::key::Key;
use millrace_protocol::manifest::{MAX_MANIFEST_BYTES, Manifest, RuntimeKind};
use millrace_protocol::receipt::Receipt;
use millrace_protocol::shard::{shard_blob, shard_seed, shard_stdin};
use millrace_runtime::{
    Exit, MAX_MODULE_BYTES, Program, RunError, RunInput, RunLimits, RunOutcome, Runtime, exit_code,
};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::blobs::{BlobCache, MAX_BLOB_BYTES};
use crate::error::{AgentError, TaskError};
use crate::fault::{self, FaultMode};

/// Maximum number of compiled programs in the cache.
const MAX_PROGRAMS: usize = 16;
/// Maximum length of the log line in the reason of an exit, in characters.
const MAX_LOG_LINE_CHARS: usize = 200;

/// Everything that a shard is run with.
pub struct TaskInputs {
    pub manifest: Manifest,
    /// The WebAssembly module.
    pub program: Arc<[u8]>,
    /// The blob that contains the standard input; empty if the manifest contains the input itself.
    pub stdin: Arc<[u8]>,
    /// The named inputs.
    pub files: Vec<(String, Arc<[u8]>)>,
}

/// Fetches the inputs of a task; gives up at `deadline`.
pub(crate) async fn fetch_inputs(
    blobs: &BlobCache,
    task: &Task,
    deadline: Instant,
) -> Result<TaskInputs, TaskError> {
    let manifest = blobs.get(&task.manifest, MAX_MANIFEST_BYTES as u64, deadline);
    let manifest = Manifest::from_bytes(&manifest.await?)?;
    let RuntimeKind::Wasm = manifest.runtime;
    let stdin = match shard_blob(&manifest, task.shard)? {
        Some(digest) => blobs.get(digest, MAX_BLOB_BYTES, deadline).await?,
        None => Arc::default(),
    };
    let program = blobs
        .get(&manifest.program, MAX_MODULE_BYTES, deadline)
        .await?;
    let mut files = Vec::new();
    for (name, input) in &manifest.inputs {
        let limit = input.length.min(MAX_BLOB_BYTES);
        let bytes = blobs.get(&input.digest, limit, deadline).await?;
        if bytes.len() as u64 != input.length {
            return Err(TaskError::InputLength {
                name: name.clone(),
                declared: input.length,
                found: bytes.len() as u64,
            });
        }
        files.push((name.clone(), bytes));
    }
    Ok(TaskInputs {
        manifest,
        program,
        stdin,
        files,
    })
}

/// The lock makes concurrent requests for one program wait for a single compilation.
type CompiledProgram = Arc<OnceLock<Result<Program, RunError>>>;

/// Runs shards, and caches compiled programs by their digest.
pub(crate) struct ShardRunner {
    runtime: Runtime,
    /// The most recently used program is last.
    programs: Mutex<VecDeque<(Digest, CompiledProgram)>>,
}

impl ShardRunner {
    pub(crate) fn new() -> Result<Self, AgentError> {
        Ok(Self {
            runtime: Runtime::new()?,
            programs: Mutex::default(),
        })
    }

    /// Runs a shard of a job until it ends or `cancel` is true. Blocks.
    pub(crate) fn run(
        &self,
        job: &Key,
        shard: u32,
        inputs: &TaskInputs,
        cancel: &AtomicBool,
    ) -> Result<RunOutcome, TaskError> {
        let manifest = &inputs.manifest;
        let program = self.program(&manifest.program, &inputs.program)?;
        let env: Vec<_> = manifest.env.clone().into_iter().collect();
        let input = RunInput {
            args: &manifest.args,
            env: &env,
            stdin: shard_stdin(manifest, shard, &inputs.stdin)?,
            files: &inputs.files,
            seed: shard_seed(&job.0, shard),
        };
        let limits = RunLimits {
            fuel: manifest.limits.fuel,
            memory_bytes: manifest.limits.memory,
            output_bytes: manifest.limits.output,
            log_bytes: manifest.limits.log,
            wall: Duration::from_millis(manifest.limits.wall_ms),
        };
        Ok(self.runtime.run_until(&program, input, &limits, cancel)?)
    }

    fn program(&self, digest: &Digest, wasm: &[u8]) -> Result<Program, RunError> {
        let compiled = self.cache_slot(digest);
        compiled.get_or_init(|| self.runtime.compile(wasm)).clone()
    }

    /// The slot of a program, marked as most recently used. May evict the least recently used one.
    fn cache_slot(&self, digest: &Digest) -> CompiledProgram {
        let mut programs = self.programs.lock();
        let found = programs.iter().position(|(cached, _)| cached == digest);
        let slot = found.and_then(|at| programs.remove(at));
        let slot = slot.unwrap_or_else(|| (*digest, CompiledProgram::default()));
        let compiled = Arc::clone(&slot.1);
        programs.push_back(slot);
        if programs.len() > MAX_PROGRAMS {
            programs.pop_front();
        }
        compiled
    }
}

/// The result of a run, and its output.
pub(crate) fn build_result(
    outcome: RunOutcome,
    fault: Option<FaultMode>,
    salt: [u8; 32],
) -> (ShardResult, Vec<u8>) {
    let exit = exit_code(&outcome.exit);
    let reason = exit_reason(&outcome);
    let mut output = outcome.output;
    if fault.is_some_and(FaultMode::corrupts_output) {
        fault::corrupt(&mut output);
    }
    let receipt = Receipt::new(&output, exit, outcome.fuel);
    let result = ShardResult {
        root: receipt.root(),
        units: receipt.units(),
        salt,
        output: sha256(&[&output]),
        output_bytes: receipt.output_bytes,
        fuel: outcome.fuel,
        exit,
        reason,
    };
    (result, output)
}

/// The exit in words, empty for success. The last line of the log usually explains a failure, so it is
/// included.
fn exit_reason(outcome: &RunOutcome) -> String {
    if outcome.exit == Exit::Ok {
        return String::new();
    }
    let log = String::from_utf8_lossy(&outcome.log);
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    match last {
        Some(line) => {
            let printable = line.trim().chars().filter(|c| !c.is_control());
            let line: String = printable.take(MAX_LOG_LINE_CHARS).collect();
            format!("{} ({line})", outcome.exit)
        }
        None => outcome.exit.to_string(),
    }
}

#[cfg(test)]
mod tests;
