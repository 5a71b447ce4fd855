use crate::blobs::BlobStoreError;
use crate::store::StoreError;
use millrace_client::ChainError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// Why an orchestrator did not start or why one of its actions failed.
#[derive(Debug, Error)]
pub enum OrchestratorError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(
        "key {0} is not registered as an orchestrator; the network's authority registers it with `millrace migrate --orchestrator-key {0}`"
    )]
    NotRegistered(String),
    #[error(
        "failed to listen on {address}: {reason}; choose another port with --listen, or stop the process that uses it"
    )]
    Listen {
        address: SocketAddr,
        #[source]
        reason: io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] BlobStoreError),
    /// The store belongs to another cluster.
    #[error(
        "the chain's genesis is {found}, and this --data folder is of a chain with genesis {expected}; point --url at that chain, or use another --data folder"
    )]
    OtherGenesis { found: String, expected: String },
    #[error("{path}: {reason}")]
    File {
        path: PathBuf,
        #[source]
        reason: io::Error,
    },
}
