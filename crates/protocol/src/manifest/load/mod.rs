//! The thin shell around [`resolve()`](super::resolve()): manifests and their files from disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::blobs::ReadError;
use super::error::ManifestError;
use super::file::ManifestFile;
use super::resolve::{Resolved, resolve};
use crate::blob::{self, BlobRef};
use crate::hash::Digest;

/// Loads a manifest file with all that it names, as long as these are files: a blob named by its
/// hash is [`ManifestError::MissingBlob`], see [`load_with`].
pub fn load(path: &Path) -> Result<Resolved, ManifestError> {
    load_with(path, &mut |_| {
        Err("only files of this machine are looked at here".to_owned())
    })
}

/// Brings a blob by its hash, or says why it can't.
pub type Fetch<'f> = dyn FnMut(&Digest) -> Result<Arc<[u8]>, String> + 'f;

/// Loads a manifest file; `fetch` brings the blobs that it names by their hash, or says why it
/// can't. What comes is checked against the hash.
pub fn load_with(path: &Path, fetch: &mut Fetch<'_>) -> Result<Resolved, ManifestError> {
    let text = fs::read_to_string(path).map_err(|error| ManifestError::NoManifest {
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
