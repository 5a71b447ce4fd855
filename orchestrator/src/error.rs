use crate::blobs::BlobStoreError;
use crate::store::StoreError;
use millrace_client::ChainError;
use std::path::PathBuf;
use thiserror::Error;

/// Why an orchestrator did not start or had to stop.
#[derive(Debug, Error)]
pub enum OrchestratorError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The key is not registered as an orchestrator.
    #[error(
        "key {0} is not registered as an orchestrator; the network's authority registers it with `millrace migrate --orchestrator-key {0}`"
    )]
    NotRegistered(String),
    /// The address is taken.
    #[error(
        "the address {address} can't be listened on: {reason}; choose another port with --listen, or end what uses it"
    )]
    Listen {
        /// The address.
        address: String,
        /// The system's error.
        reason: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blobs.
    #[error(transparent)]
    Blobs(#[from] BlobStoreError),
    /// The store was made for another cluster.
    #[error(
        "the chain's genesis is {found}, and this --data folder is of a chain with genesis {expected}; point --url at that chain, or use another --data folder"
    )]
    OtherGenesis {
        /// Genesis of the chain.
        found: String,
        /// Genesis that the store was made for.
        expected: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        reason: std::io::Error,
    },
}
