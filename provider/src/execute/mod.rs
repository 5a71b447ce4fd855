//! From a task to its result: what the manifest names is gathered, and the program is run on it.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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
use tokio::time::Instant;

use crate::blobs::{Blobs, MAX_BLOB_BYTES};
use crate::error::{AgentError, TaskError};
use crate::fault::Behaviour;

/// Compiled programs that are kept.
const MAX_PROGRAMS: usize = 16;
/// Characters of a program's last words that go into the reason of its exit.
const MAX_LAST_WORDS: usize = 200;

/// Everything that a shard is run on.
pub struct Materials {
    /// What the job is.
    pub manifest: Manifest,
    /// The module.
    pub program: Arc<[u8]>,
    /// The blob that holds standard input; empty where the manifest itself does.
    pub stdin: Arc<[u8]>,
    /// Inputs by name.
    pub files: Vec<(String, Arc<[u8]>)>,
}

/// Fetches what a task is run on.
pub(crate) async fn gather(
    blobs: &Blobs,
    task: &Task,
    until: Instant,
) -> Result<Materials, TaskError> {
    let manifest = blobs.get(&task.manifest, MAX_MANIFEST_BYTES as u64, until);
    let manifest = Manifest::from_bytes(&manifest.await?)?;
    let RuntimeKind::Wasm = manifest.runtime;
    let stdin = match shard_blob(&manifest, task.shard)? {
        Some(digest) => blobs.get(digest, MAX_BLOB_BYTES, until).await?,
        None => Arc::default(),
    };
    let program = blobs
        .get(&manifest.program, MAX_MODULE_BYTES, until)
        .await?;
    let mut files = Vec::new();
    for (name, input) in &manifest.inputs {
        let limit = input.length.min(MAX_BLOB_BYTES);
        let bytes = blobs.get(&input.digest, limit, until).await?;
        if bytes.len() as u64 != input.length {
            return Err(TaskError::Length {
                name: name.clone(),
                declared: input.length,
                found: bytes.len() as u64,
            });
        }
        files.push((name.clone(), bytes));
    }
    Ok(Materials {
        manifest,
        program,
        stdin,
        files,
    })
}

type Compiled = Arc<OnceLock<Result<Program, RunError>>>;

/// Runs shards; keeps compiled programs by their digest.
pub(crate) struct Executor {
    runtime: Runtime,
    /// The last one was asked for last.
    programs: Mutex<VecDeque<(Digest, Compiled)>>,
}

impl Executor {
    pub(crate) fn new() -> Result<Self, AgentError> {
        Ok(Self {
            runtime: Runtime::new()?,
            programs: Mutex::default(),
        })
    }

    /// Runs a shard of a job to its end, or until `cancel` is true. Blocks.
    pub(crate) fn run(
        &self,
        (job, shard): (&Key, u32),
        materials: &Materials,
        cancel: &AtomicBool,
    ) -> Result<RunOutcome, TaskError> {
        let manifest = &materials.manifest;
        let program = self.program(&manifest.program, &materials.program)?;
        let env: Vec<_> = manifest.env.clone().into_iter().collect();
        let input = RunInput {
            args: &manifest.args,
            env: &env,
            stdin: shard_stdin(manifest, shard, &materials.stdin)?,
            files: &materials.files,
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

    /// The compiled program. Whoever asks for one that is being compiled waits for it.
    fn program(&self, digest: &Digest, wasm: &[u8]) -> Result<Program, RunError> {
        let compiled = self.slot(digest);
        compiled.get_or_init(|| self.runtime.compile(wasm)).clone()
    }

    fn slot(&self, digest: &Digest) -> Compiled {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let found = programs.iter().position(|(known, _)| known == digest);
        let slot = found.and_then(|at| programs.remove(at));
        let slot = slot.unwrap_or_else(|| (*digest, Compiled::default()));
        let compiled = Arc::clone(&slot.1);
        programs.push_back(slot);
        if programs.len() > MAX_PROGRAMS {
            programs.pop_front();
        }
        compiled
    }
}

/// What is claimed of an outcome, with the output that belongs to it.
pub(crate) fn claim(
    outcome: RunOutcome,
    behaviour: Behaviour,
    salt: [u8; 32],
) -> (ShardResult, Vec<u8>) {
    let exit = exit_code(&outcome.exit);
    let reason = reason(&outcome);
    let output = behaviour.output(outcome.output);
    let receipt = Receipt::new(&output, exit, outcome.fuel);
    let result = ShardResult {
        root: receipt.root(),
        units: receipt.units(),
        salt,
        fuel: outcome.fuel,
        exit,
        reason,
        output: sha256(&[&output]),
        output_bytes: receipt.output_bytes,
    };
    (result, output)
}

/// The exit in words, empty for success. A program that failed has mostly said why in the last
/// line of its log.
fn reason(outcome: &RunOutcome) -> String {
    if outcome.exit == Exit::Ok {
        return String::new();
    }
    let log = String::from_utf8_lossy(&outcome.log);
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    match last {
        Some(line) => {
            let words = line.trim().chars().filter(|c| !c.is_control());
            let words: String = words.take(MAX_LAST_WORDS).collect();
            format!("{} ({words})", outcome.exit)
        }
        None => outcome.exit.to_string(),
    }
}

#[cfg(test)]
mod tests;
