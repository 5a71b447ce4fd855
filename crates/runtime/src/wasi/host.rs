//! The state of a run, which the WASI functions operate on.

use std::sync::Arc;

use wasmtime::Memory;

use super::capture::Capture;
use super::fds::FdTable;
use super::files::Tree;
use super::random::Random;
use super::strings::Strings;
use crate::error::RunError;
use crate::input::RunInput;
use crate::limits::{MemoryLimiter, RunLimits};

/// `argv[0]`.
const PROGRAM_NAME: &str = "program";

/// The data of a run in its wasmtime store.
pub(crate) struct Host {
    /// Whether calls of the host cost fuel.
    pub(crate) metered: bool,
    pub(crate) limiter: MemoryLimiter,
    /// The program's memory; set on first use.
    pub(super) memory: Option<Memory>,
    pub(crate) state: HostState,
}

/// The state that the WASI functions operate on.
pub(crate) struct HostState {
    pub(super) args: Arc<Strings>,
    pub(super) env: Arc<Strings>,
    pub(super) stdin: Arc<[u8]>,
    pub(super) files: Tree,
    pub(super) fds: FdTable,
    pub(super) random: Random,
    pub(super) output: Capture,
    pub(super) log: Capture,
}

impl Host {
    pub(crate) fn new(
        input: &RunInput<'_>,
        limits: &RunLimits,
        metered: bool,
    ) -> Result<Self, RunError> {
        let args = std::iter::once(PROGRAM_NAME.to_owned()).chain(input.args.iter().cloned());
        let env = input
            .env
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        if let Some((name, _)) = input
            .env
            .iter()
            .find(|(n, _)| n.is_empty() || n.contains('='))
        {
            return Err(RunError::BadInput {
                what: "environment".into(),
                reason: format!("`{}` is not the name of a variable", name.escape_debug()),
            });
        }
        Ok(Self {
            metered,
            limiter: MemoryLimiter::new(limits.memory_bytes),
            memory: None,
            state: HostState {
                args: Arc::new(Strings::new("arguments", args)?),
                env: Arc::new(Strings::new("environment", env)?),
                stdin: input.stdin.into(),
                files: Tree::new(input.files)?,
                fds: FdTable::new(input.stdin.len() as u64),
                random: Random::new(input.seed),
                output: Capture::new(limits.output_bytes),
                log: Capture::new(limits.log_bytes),
            },
        })
    }

    /// Output, log, and whether the log was truncated.
    pub(crate) fn finish(self) -> (Vec<u8>, Vec<u8>, bool) {
        let (log, truncated) = self.state.log.finish();
        (self.state.output.finish().0, log, truncated)
    }
}
