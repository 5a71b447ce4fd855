use std::error::Error;
use std::path::PathBuf;
use thiserror::Error;

/// An underlying error of a library.
type Cause = Box<dyn Error + Send + Sync>;

/// Why the store cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "the store {path} is corrupt ({source}); move it away and start again: jobs and money are on chain, and agents submit unsettled results again"
    )]
    Corrupt { path: PathBuf, source: Cause },
    #[error(
        "the store {location} belongs to network {found}, not to network {expected}; choose another --store or another --data folder"
    )]
    WrongNetwork {
        location: String,
        found: String,
        expected: String,
    },
    #[error(
        "the store {location} has version {found}, and this millrace supports versions up to {known}; use a newer millrace or choose another --store"
    )]
    NewerVersion {
        location: String,
        found: i64,
        known: i64,
    },
    #[error(
        "the store {path} is in use by another orchestrator; stop that one, choose another --data folder, or share a PostgreSQL database: --store postgres://USER@HOST/DATABASE"
    )]
    InUse { path: PathBuf },
    #[error("cannot access {path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The connection to the server failed or was closed. `location` does not contain the password.
    #[error("cannot reach the database {location}: {}", with_causes(source.as_ref()))]
    Unreachable { location: String, source: Cause },
    /// The database rejected a statement.
    #[error("the store failed: {}", with_causes(source.as_ref()))]
    Statement { source: Cause },
    /// The store contains something that this version does not write.
    #[error("the store contains an unexpected value: {0}")]
    UnexpectedValue(String),
    #[error("the store failed: {0}")]
    Failed(String),
    /// Nothing was written.
    #[error(
        "the lease of partition {partition} was lost; nothing was written, and the orchestrator that holds the lease continues"
    )]
    LeaseLost { partition: String },
    #[error("cannot read certificate authorities from {path}: {reason}; check sslrootcert")]
    Certificates { path: PathBuf, reason: String },
    #[error("the store is closed because the orchestrator is stopping")]
    Closed,
    /// `given` does not contain the password.
    #[error(
        "{given:?} is not a valid store ({reason}); write sqlite:PATH or postgres://USER@HOST/DATABASE"
    )]
    InvalidLocation { given: String, reason: String },
}

impl StoreError {
    pub(crate) fn statement(error: impl Into<Cause>) -> Self {
        Self::Statement {
            source: error.into(),
        }
    }
}

/// An error's message followed by those of its causes, because the outermost message alone says little.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        let message = cause.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        inner = cause.source();
    }
    text
}
