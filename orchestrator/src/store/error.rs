use std::path::PathBuf;
use thiserror::Error;

/// Why a store can't be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file is damaged.
    #[error(
        "the store {path} is corrupt ({reason}); move it away and start again: jobs and money are on chain, agents send again what is not settled"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was made for another network.
    #[error(
        "the store {place} belongs to network {found}, and this is network {expected}; give another --store, or another --data folder"
    )]
    OfAnother {
        /// Where it is.
        place: String,
        /// The network that it says.
        found: String,
        /// The network that was expected.
        expected: String,
    },
    /// A newer version of Millrace has changed its tables.
    #[error(
        "the store {place} has version {found}, and this millrace knows versions up to {known}; use a newer millrace, or give another --store"
    )]
    Newer {
        /// Where it is.
        place: String,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another process has it open.
    #[error(
        "the store {path} is in use by another orchestrator; stop that one, give this one another --data folder, or share a PostgreSQL: --store postgres://USER@HOST/DATABASE"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The database server can't be reached, or ended the connection.
    #[error("the database {place} can't be reached: {reason}")]
    Away {
        /// Where it is, without its password.
        place: String,
        /// What was said.
        reason: String,
    },
    /// A statement failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It has been closed: the orchestrator is ending.
    #[error("the store is closed, as the orchestrator is ending")]
    Closed,
    /// What was given with `--store` says no place.
    #[error("{given:?} is no store ({reason}); write sqlite:PATH or postgres://USER@HOST/DATABASE")]
    Place {
        /// What was given, without its password.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}
