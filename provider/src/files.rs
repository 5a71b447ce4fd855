//! Atomic file writes that survive a crash.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::FileError;

/// Extension of temporary files. Files that a crash left behind can be deleted.
pub(crate) const TEMPORARY: &str = "draft";

/// Writes a temporary file beside `path`, syncs it and renames it to `path`.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = path.with_extension(format!("{:016x}.{TEMPORARY}", rand::random::<u64>()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The file may not exist; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
        return Err(FileError::of("write", path)(error));
    }
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Makes the file names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(FileError::of("sync", folder))
}
