use millrace_chain::ChainError;
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
        /// What the system said.
        reason: String,
    },
    /// The store's file is damaged.
    #[error(
        "the store {path} is corrupt ({reason}); move it away and start again: jobs and money are on chain, agents send again what is not settled"
    )]
    StoreCorrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The store was made by another version or for another network.
    #[error(
        "the store {path} belongs to {found}, and this is {expected}; use another --data folder"
    )]
    StoreOfAnother {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What was expected.
        expected: String,
    },
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
    /// The store could not be read or written.
    #[error("the store failed: {0}")]
    Store(#[from] rusqlite::Error),
    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
}
