//! Loads manifests and their files from disk, and resolves them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::blobs::ReadError;
use super::error::ManifestError;
use super::file::ManifestFile;
use super::resolve::{Resolved, resolve};
use crate::blob::{self, BlobRef};
use crate::hash::Digest;

/// Loads and resolves a manifest file that names only files. A blob named by its hash is a
/// [`ManifestError::MissingBlob`]; see [`load_with`].
pub fn load(path: &Path) -> Result<Resolved, ManifestError> {
    load_with(path, &mut |_| {
        Err("only local files are supported here".to_owned())
    })
}

/// Returns a blob by its hash, or the reason why it is not available.
pub type Fetch<'f> = dyn FnMut(&Digest) -> Result<Arc<[u8]>, String> + 'f;

/// Loads and resolves a manifest file. `fetch` returns the blobs that it names by their hash; their
/// content is checked against the hash.
pub fn load_with(path: &Path, fetch: &mut Fetch<'_>) -> Result<Resolved, ManifestError> {
    let text = fs::read_to_string(path).map_err(|error| ManifestError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let file = ManifestFile::parse(&text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    resolve(&file, &mut |from| match from {
        BlobRef::Path(name) => {
            let place = folder.join(name);
            fs::read(&place).map(Arc::from).map_err(|error| ReadError {
                place: place.display().to_string(),
                reason: error.to_string(),
            })
        }
        BlobRef::Digest(digest) => fetch(digest).map_err(|reason| ReadError {
            place: blob::format(digest),
            reason,
        }),
    })
}

#[cfg(test)]
mod tests;
