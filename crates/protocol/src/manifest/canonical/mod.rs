//! The canonical bytes of a manifest. The job on chain contains their hash.

use serde::Deserialize;

use super::check;
use super::error::ManifestError;
use super::model::{Manifest, VERSION};
use crate::hash::{Digest, sha256};

impl Manifest {
    /// The canonical bytes: JSON without whitespace, fields in fixed order, names sorted, digests in
    /// lowercase hex.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialization cannot fail: it writes to memory, and the keys of every map are strings.
        serde_json::to_vec(self).expect("a manifest is plain data")
    }

    /// Reads canonical bytes and checks every bound. Bytes that differ from those of
    /// [`to_bytes`](Self::to_bytes) are refused, so each manifest has exactly one hash.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
        check::length(bytes.len())?;
        let malformed = |error: serde_json::Error| ManifestError::NotManifest {
            reason: error.to_string(),
        };
        // Check the version first: a later one may have unknown fields.
        let AnyVersion { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version != u64::from(VERSION) {
            return Err(ManifestError::Version {
                found: version,
                supported: VERSION,
            });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        if manifest.to_bytes() != bytes {
            return Err(ManifestError::NotCanonical);
        }
        check::manifest(&manifest)?;
        Ok(manifest)
    }

    /// SHA-256 of the canonical bytes: the name of the manifest's blob, which the job on chain contains.
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
