//! Why an agent can't work, and why a task can't be done.

use std::io;
use std::path::{Path, PathBuf};

use millrace_protocol::manifest::ManifestError;
use millrace_protocol::shard::ShardError;
use millrace_runtime::RunError;
use thiserror::Error;

/// Why an agent does not start, or ended.
#[derive(Debug, Error)]
pub enum AgentError {
    /// The orchestrator's address is none.
    #[error(
        "the orchestrator's address {address:?} can't be used ({reason}); write it as \
         http://HOST:PORT"
    )]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody to work for.
    #[error("no orchestrator is given; name at least one, as http://HOST:PORT")]
    NoOrchestrator,
    /// A capacity of nothing.
    #[error("the capacity is 0, so no shard could ever run; give at least 1")]
    NoCapacity,
    /// Another agent works on the same folder.
    #[error(
        "the data folder {folder} is in use by another agent; stop that one, or give this one a \
         folder of its own"
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The data folder can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// WebAssembly can't be run on this machine.
    #[error(transparent)]
    Runtime(#[from] RunError),
    /// The client for blobs could not be made.
    #[error("no HTTP connections can be made from here: {reason}")]
    Http {
        /// What the client says.
        reason: String,
    },
    /// A defect: the agent's own task broke off.
    #[error("the agent broke off ({reason}); start it again, nothing that it had finished is lost")]
    Broken {
        /// What is known about it.
        reason: String,
    },
}

/// The disk did not do what it was asked for.
#[derive(Debug, Error)]
#[error("{path} can't be {action} ({source}); see to the disk and the folder's permissions")]
pub struct StoreError {
    /// What was tried, as in "written".
    pub action: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl StoreError {
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

/// Why a blob could not be moved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum TransferError {
    #[error("the blob {blob} has more than the {limit} bytes that are allowed for it")]
    TooLarge { blob: String, limit: u64 },
    #[error("the blob {blob} did not get through in time: {reason}")]
    Late { blob: String, reason: String },
}

impl TransferError {
    /// Whether it may go better another time.
    pub(crate) fn retry(&self) -> bool {
        matches!(self, Self::Late { .. })
    }
}

/// Why a task has no result.
#[derive(Debug, Error)]
pub(crate) enum TaskError {
    #[error("the job's data can't be had: {0}")]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(
        "the input {name:?} has {found} bytes and the manifest says {declared}: the manifest \
         doesn't fit its blob, so the job can't be run"
    )]
    Length {
        name: String,
        declared: u64,
        found: u64,
    },
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the result was damaged on the provider's disk and is set aside")]
    Damaged,
    #[error("no result of this seat is here")]
    Unknown,
    #[error("the task is for another network than the one this connection is about")]
    OtherNetwork,
    #[error("the agent could not finish the work: {0}")]
    Broken(String),
}

impl TaskError {
    /// Whether the same agent could do it at another time.
    pub(crate) fn retry(&self) -> bool {
        match self {
            Self::Transfer(error) => error.retry(),
            Self::Run(error) => match error {
                RunError::Timeout { .. } | RunError::Cancelled | RunError::Host(_) => true,
                RunError::NotWasm { .. }
                | RunError::TooLarge { .. }
                | RunError::UnsupportedImport { .. }
                | RunError::NoStart
                | RunError::BadInput { .. } => false,
            },
            Self::Store(_) | Self::Broken(_) => true,
            Self::Manifest(_)
            | Self::Shard(_)
            | Self::Length { .. }
            | Self::Damaged
            | Self::Unknown
            | Self::OtherNetwork => false,
        }
    }
}
