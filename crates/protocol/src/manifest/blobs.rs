//! Reads the files and blobs that a manifest names, each once.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ManifestError;
use crate::blob::{self, BlobRef};
use crate::hash::{Digest, sha256};

/// Why the content of a file or blob is not available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The full path, or the blob's name.
    pub place: String,
    /// What went wrong.
    pub reason: String,
}

/// Returns the content of a file or a blob.
pub(super) type Read<'r> = dyn FnMut(&BlobRef) -> Result<Arc<[u8]>, ReadError> + 'r;

/// Reads content and caches it by its name in the manifest.
pub(super) struct BlobReader<'a, 'r> {
    read: &'a mut Read<'r>,
    known: HashMap<BlobRef, (Digest, Arc<[u8]>)>,
    pub(super) found: Vec<(Digest, Arc<[u8]>)>,
}

impl<'a, 'r> BlobReader<'a, 'r> {
    pub(super) fn new(read: &'a mut Read<'r>) -> Self {
        Self {
            read,
            known: HashMap::new(),
            found: Vec::new(),
        }
    }

    pub(super) fn get(
        &mut self,
        field: &str,
        from: &BlobRef,
    ) -> Result<(Digest, Arc<[u8]>), ManifestError> {
        if let Some((digest, content)) = self.known.get(from) {
            return Ok((*digest, content.clone()));
        }
        let content = (self.read)(from).map_err(|ReadError { place, reason }| {
            let field = field.to_owned();
            match from {
                BlobRef::Path(_) => ManifestError::MissingFile {
                    field,
                    path: place,
                    reason,
                },
                BlobRef::Digest(_) => ManifestError::MissingBlob {
                    field,
                    blob: from.to_string(),
                    reason,
                },
            }
        })?;
        let digest = sha256(&[&content]);
        if let BlobRef::Digest(wanted) = from
            && *wanted != digest
        {
            return Err(ManifestError::WrongBlob {
                field: field.to_owned(),
                blob: blob::format(wanted),
                found: blob::format(&digest),
            });
        }
        self.known.insert(from.clone(), (digest, content.clone()));
        if self.found.iter().all(|(known, _)| *known != digest) {
            self.found.push((digest, content.clone()));
        }
        Ok((digest, content))
    }

    /// The source of shards, which must not be empty.
    pub(super) fn source(
        &mut self,
        field: &str,
        from: &BlobRef,
    ) -> Result<(Digest, Arc<[u8]>), ManifestError> {
        let (digest, content) = self.get(field, from)?;
        if content.is_empty() {
            return Err(ManifestError::EmptySource {
                field: field.to_owned(),
                place: from.to_string(),
            });
        }
        Ok((digest, content))
    }

    pub(super) fn program(&mut self, field: &str, from: &BlobRef) -> Result<Digest, ManifestError> {
        let (digest, content) = self.get(field, from)?;
        match not_wasm(&content) {
            Some(found) => Err(ManifestError::NotWasm {
                field: field.to_owned(),
                place: from.to_string(),
                found: found.to_owned(),
            }),
            None => Ok(digest),
        }
    }
}

/// What `content` is if it is not a WebAssembly module of version 1.
fn not_wasm(content: &[u8]) -> Option<&'static str> {
    match content {
        [] => Some("an empty file"),
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => None,
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Some("a WebAssembly component"),
        [0, b'a', b's', b'm', ..] => Some("WebAssembly of another version"),
        [0x7f, b'E', b'L', b'F', ..] => Some("a native program"),
        [b'(', ..] => Some("WebAssembly in its text form"),
        _ => Some("something else"),
    }
}
