//! The canonical bytes of a manifest, whose hash the job on chain holds.

use serde::Deserialize;

use super::check;
use super::error::ManifestError;
use super::model::{Manifest, VERSION};
use crate::hash::{Digest, sha256};

impl Manifest {
    /// The canonical bytes: JSON without whitespace, fields in fixed order, names sorted, digests
    /// in lowercase hex.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing can't fail: the writer is memory, and every map has texts as its keys.
        serde_json::to_vec(self).expect("a manifest is plain data")
    }

    /// Reads canonical bytes, and only those: whatever [`to_bytes`](Self::to_bytes) would write
    /// otherwise is refused, so that a manifest has one hash. Every bound is checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        check::length(bytes.len())?;
        let no_json = |error: serde_json::Error| ManifestError::NoJson {
            reason: error.to_string(),
        };
        // First the version alone: a later one may have fields that are unknown here.
        let AnyVersion { version } = serde_json::from_slice(bytes).map_err(no_json)?;
        if version != u64::from(VERSION) {
            return Err(ManifestError::Version {
                found: version,
                known: VERSION,
            });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(no_json)?;
        if manifest.to_bytes() != bytes {
            return Err(ManifestError::NotCanonical);
        }
        check::manifest(&manifest)?;
        Ok(manifest)
    }

    /// SHA-256 of the canonical bytes: the name of the manifest as a blob, and what the job on
    /// chain holds.
    pub fn hash(&self) -> Digest {
        sha256(&[&self.to_bytes()])
    }
}

#[derive(Deserialize)]
struct AnyVersion {
    version: u64,
}

#[cfg(test)]
mod tests;
