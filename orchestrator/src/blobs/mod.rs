//! Blobs, named by their SHA-256: in a folder, or in an object store that speaks S3.

mod client;
mod place;

#[cfg(test)]
mod tests;

pub use place::BlobPlace;

use millrace_protocol::hash::{Digest, sha256};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// Largest blob: 64 MiB.
pub const MAX_BLOB_BYTES: usize = 64 << 20;
/// Names of blobs known to be there that are remembered, where asking means a request.
const MOST_KNOWN: usize = 100_000;

/// Where blobs are.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Blobs that are there for certain; `None` where looking costs nothing.
    known: Option<Arc<Mutex<HashSet<Digest>>>>,
}

/// Why a blob was not taken or given.
#[derive(Debug, Error)]
pub enum BlobError {
    /// Its bytes have another hash than its name.
    #[error("the bytes have SHA-256 {found}, not {expected}; send them under their own hash")]
    WrongHash {
        /// The name given.
        expected: String,
        /// The hash of the bytes.
        found: String,
    },
    /// The disk or the object store.
    #[error("the blobs can't be reached: {0}")]
    Away(#[from] object_store::Error),
    /// The object store can't be used at all.
    #[error(
        "the blobs at {place} can't be used: {reason}; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY \
         say who asks, AWS_REGION where the bucket is, AWS_ENDPOINT_URL the server if it is not Amazon's"
    )]
    Unusable {
        /// Where.
        place: String,
        /// What was said.
        reason: String,
    },
    /// What was given with `--blobs` says no place.
    #[error("{given:?} is no place for blobs; write a folder, or s3://BUCKET/PREFIX")]
    Place {
        /// What was given.
        given: String,
    },
}

impl Blobs {
    /// Opens the place: a folder is made where it is missing, an object store is asked once.
    pub async fn open(place: &BlobPlace) -> Result<Self, BlobError> {
        match place {
            BlobPlace::Folder(folder) => {
                let unusable = |error: std::io::Error| BlobError::Unusable {
                    place: folder.display().to_string(),
                    reason: error.to_string(),
                };
                std::fs::create_dir_all(folder).map_err(unusable)?;
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    prefix: Path::default(),
                    known: None,
                })
            }
            BlobPlace::S3 { bucket, prefix } => {
                // Credentials, region and endpoint are the environment's.
                let store = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_http_connector(client::Connector)
                    .build()?;
                Self::in_bucket(Arc::new(store), prefix, place).await
            }
        }
    }

    async fn in_bucket(
        store: Arc<dyn ObjectStore>,
        prefix: &str,
        place: &BlobPlace,
    ) -> Result<Self, BlobError> {
        let blobs = Self {
            store,
            prefix: Path::from(prefix),
            known: Some(Arc::default()),
        };
        // Wrong credentials are better told now than with the first job.
        let asked = blobs.store.head(&blobs.path(&sha256(&[b"millrace"]))).await;
        match asked {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(blobs),
            Err(error) => Err(BlobError::Unusable {
                place: place.to_string(),
                reason: error.to_string(),
            }),
        }
    }

    fn path(&self, name: &Digest) -> Path {
        let hex = hex::encode(name);
        self.prefix.clone().join(&hex[..2]).join(hex)
    }

    fn remember(&self, name: &Digest, there: bool) {
        let Some(known) = &self.known else { return };
        // A poisoned lock still holds whole names.
        let mut known = known
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if !there {
            known.remove(name);
        } else {
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(*name);
        }
    }

    fn is_known(&self, name: &Digest) -> bool {
        self.known.as_ref().is_some_and(|known| {
            let known = known.lock();
            known
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .contains(name)
        })
    }

    /// Whether it is here.
    pub async fn has(&self, name: &Digest) -> bool {
        if self.is_known(name) {
            return true;
        }
        let there = self.store.head(&self.path(name)).await.is_ok();
        if there {
            self.remember(name, true);
        }
        there
    }

    /// Its bytes, if it is here and whole. A damaged one counts as missing, so that it can be sent again.
    pub async fn get(&self, name: &Digest) -> Result<Option<Vec<u8>>, BlobError> {
        let found = match self.store.get(&self.path(name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                self.remember(name, false);
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let bytes = found.bytes().await?;
        if sha256(&[&bytes]) == *name {
            self.remember(name, true);
            return Ok(Some(bytes.into()));
        }
        tracing::warn!(
            blob = hex::encode(name),
            "a stored blob is damaged and is dropped"
        );
        self.remember(name, false);
        self.store.delete(&self.path(name)).await?;
        Ok(None)
    }

    /// Keeps a blob. Returns whether it is new.
    pub async fn put(&self, name: &Digest, bytes: &[u8]) -> Result<bool, BlobError> {
        let found = sha256(&[bytes]);
        if found != *name {
            let (expected, found) = (hex::encode(name), hex::encode(found));
            return Err(BlobError::WrongHash { expected, found });
        }
        if self.has(name).await {
            return Ok(false);
        }
        // Both kinds of place show it whole or not at all.
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        self.store.put(&self.path(name), bytes.into()).await?;
        self.remember(name, true);
        Ok(true)
    }
}
