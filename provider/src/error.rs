//! Errors of an agent and of its tasks.

use std::io;
use std::path::{Path, PathBuf};

use millrace_protocol::manifest::ManifestError;
use millrace_protocol::shard::ShardError;
use millrace_runtime::RunError;
use thiserror::Error;

/// Why an agent does not start, or why it ended.
#[derive(Debug, Error)]
pub enum AgentError {
    /// The address of an orchestrator is invalid.
    #[error("invalid orchestrator address {address:?} ({reason}); write it as http://HOST:PORT")]
    Address { address: String, reason: String },
    /// The configuration names no orchestrator.
    #[error("no orchestrator is configured; name at least one, as http://HOST:PORT")]
    NoOrchestrator,
    /// The capacity is 0.
    #[error("the capacity is 0, so no shard can run; set it to at least 1")]
    NoCapacity,
    /// Another agent uses the data folder.
    #[error(
        "the data folder {folder} is in use by another agent; stop that agent, or choose another \
         folder"
    )]
    Locked { folder: PathBuf },
    /// The data folder cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// This machine cannot run WebAssembly.
    #[error(transparent)]
    Runtime(#[from] RunError),
    /// The HTTP client for blobs cannot be created.
    #[error("cannot create an HTTP client ({0})")]
    Http(#[source] reqwest::Error),
    /// A bug: the agent's own task panicked.
    #[error("the agent ended unexpectedly ({reason}); restart it, finished results are kept")]
    Panicked { reason: String },
}

/// An operation on a file or folder failed.
#[derive(Debug, Error)]
#[error("cannot {action} {path} ({source}); check the disk and the permissions of the folder")]
pub struct FileError {
    /// The operation, as in "write".
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`.
    pub(crate) fn of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            action,
            path,
            source,
        }
    }
}

/// Why a blob was not transferred.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TransferError {
    #[error("the blob {blob} is larger than its limit of {limit} bytes")]
    TooLarge { blob: String, limit: u64 },
    #[error("the blob {blob} was not transferred in time: {reason}")]
    TimedOut { blob: String, reason: String },
}

impl TransferError {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }
}

/// Why a task has no result.
#[derive(Debug, Error)]
pub(crate) enum TaskError {
    #[error("the data of the job is not available: {0}")]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(
        "the input {name:?} has {found} bytes, but the manifest declares {declared}; the job cannot \
         be run"
    )]
    InputLength {
        name: String,
        declared: u64,
        found: u64,
    },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the stored result is damaged and was quarantined")]
    Damaged,
    #[error("no result is stored for this seat")]
    NoResult,
    #[error("the task belongs to another network than this connection")]
    OtherNetwork,
    #[error("the agent could not finish the task: {0}")]
    Aborted(String),
}

impl TaskError {
    /// Whether the same agent may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Transfer(error) => error.is_retryable(),
            Self::Run(error) => match error {
                RunError::Timeout { .. } | RunError::Cancelled | RunError::Host(_) => true,
                RunError::NotWasm { .. }
                | RunError::TooLarge { .. }
                | RunError::UnsupportedImport { .. }
                | RunError::NoStart
                | RunError::BadInput { .. } => false,
            },
            Self::File(_) | Self::Aborted(_) => true,
            Self::Manifest(_)
            | Self::Shard(_)
            | Self::InputLength { .. }
            | Self::Damaged
            | Self::NoResult
            | Self::OtherNetwork => false,
        }
    }
}
