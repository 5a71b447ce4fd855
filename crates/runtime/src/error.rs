//! Errors without a result. None of them depends on what the program computes.

/// Why a module cannot be run, or why this host did not finish running it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The bytes are not a module that this runtime accepts.
    #[error("not a valid WebAssembly program: {reason}; build it for wasm32-wasip1")]
    NotWasm {
        /// What is wrong.
        reason: String,
    },
    /// The module is larger than the limit for compilation.
    #[error(
        "the program has {bytes} bytes, but the maximum is {limit}; strip it, or move its data to an input"
    )]
    TooLarge {
        /// Size of the module in bytes.
        bytes: u64,
        /// Maximum size in bytes.
        limit: u64,
    },
    /// The module imports something that is not WASI preview 1.
    #[error(
        "the program imports `{module}::{name}`, which this runtime does not provide; use only WASI preview 1 (`wasi_snapshot_preview1`)"
    )]
    UnsupportedImport {
        /// Module name of the import.
        module: String,
        /// Name of the import.
        name: String,
    },
    /// The module is a library, not a program.
    #[error(
        "the program exports no `_start` function without parameters and results; build a binary with a `main` function, not a library"
    )]
    NoStart,
    /// Arguments, environment or file names cannot be passed to a program.
    #[error("the job's {what} cannot be passed to a program: {reason}")]
    BadInput {
        /// Which part of the input.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// The run exceeded the time limit of this host.
    #[error(
        "the run exceeded this host's time limit of {seconds} s; raise `wall`, or split the job into smaller shards"
    )]
    Timeout {
        /// The limit, rounded up to seconds.
        seconds: u64,
    },
    /// The caller cancelled the run.
    #[error("the run was cancelled")]
    Cancelled,
    /// The host failed: memory, threads or the native stack.
    #[error("this host cannot run the program: {0}")]
    Host(String),
}
