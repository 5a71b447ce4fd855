//! Reasons why there is no result: none of them says anything about what the program computes.

/// Why a module can't be run, or why this host could not finish running it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The bytes are no module this runtime accepts.
    #[error("not a valid WebAssembly program: {reason}; build it for wasm32-wasip1")]
    NotWasm {
        /// What is wrong with it.
        reason: String,
    },
    /// The module is larger than a provider is willing to compile.
    #[error(
        "the program has {bytes} bytes, at most {limit} are allowed; strip it, or move its data to an input"
    )]
    TooLarge {
        /// Size of the module in bytes.
        bytes: u64,
        /// The most that is allowed, in bytes.
        limit: u64,
    },
    /// The module wants something from its host that is not WASI preview 1.
    #[error(
        "the program imports `{module}::{name}`, which this runtime does not offer; it offers the functions of WASI preview 1 (`wasi_snapshot_preview1`)"
    )]
    UnsupportedImport {
        /// Module part of the import.
        module: String,
        /// Name part of the import.
        name: String,
    },
    /// The module is a library, not a program.
    #[error(
        "the program exports no `_start` function without parameters and results; build a program with a `main`, not a library"
    )]
    NoStart,
    /// Arguments, environment or file names that a program can't be given.
    #[error("the job's {what} can't be handed to a program: {reason}")]
    BadInput {
        /// Which part of the input.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host's own patience ran out.
    #[error(
        "the run took longer than this host's limit of {seconds} s; raise `wall`, or split the job into smaller shards"
    )]
    Timeout {
        /// The limit, rounded up to seconds.
        seconds: u64,
    },
    /// Whoever started the run ended it.
    #[error("the run was cancelled")]
    Cancelled,
    /// The host's own trouble: memory, threads, the native stack.
    #[error("this host could not run the program: {0}")]
    Host(String),
}
