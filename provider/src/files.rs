//! Files that are there whole or not at all, whenever the machine goes down.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::error::StoreError;

/// Ending of files that are still being written; left over ones mean nothing.
pub(crate) const DRAFT: &str = "draft";

/// Writes a file beside its place, makes sure of it, and only then gives it its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let draft = path.with_extension(format!("{:016x}.{DRAFT}", rand::random::<u64>()));
    let written = File::create(&draft)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&draft, path));
    if let Err(error) = written {
        // It may not even have been made; what counts is the first error.
        let _ = fs::remove_file(&draft);
        return Err(StoreError::of("written", path)(error));
    }
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Makes sure that the names in a folder outlast a crash.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::of("written", folder))
}
