//! The folder with the keys and data of a local network.

use crate::error::CliError;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) enum DataDir {
    Persistent(PathBuf),
    /// Removed when it is dropped.
    Temporary(TempDir),
}

impl DataDir {
    /// Creates `path` if it does not exist, or a temporary folder for `None`.
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, CliError> {
        let Some(path) = path else {
            let folder = tempfile::Builder::new().prefix("millrace-").tempdir();
            return folder
                .map(Self::Temporary)
                .map_err(CliError::file(&std::env::temp_dir()));
        };
        std::fs::create_dir_all(&path).map_err(CliError::file(&path))?;
        let path = path.canonicalize().map_err(CliError::file(&path))?;
        Ok(Self::Persistent(path))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Persistent(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
