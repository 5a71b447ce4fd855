//! Blobs, named by their SHA-256: in a folder, or in an object store that speaks S3.

mod client;
mod draft;
mod place;
pub mod upload_quota;

#[cfg(test)]
mod tests;

pub use draft::Draft;
pub use place::BlobPlace;

use futures_util::StreamExt;
use millrace_protocol::hash::{Digest, sha256};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::fs;
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;

/// Largest blob: 64 MiB.
pub const MAX_BLOB_BYTES: usize = 64 << 20;
/// Names of blobs known to be there that are remembered, where asking means a request.
const MOST_KNOWN: usize = 100_000;

/// Where blobs are.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The folder, where the place is one: its files are opened and renamed without a copy.
    folder: Option<PathBuf>,
    /// Where files are that are on their way.
    drafts: PathBuf,
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
    /// The disk.
    #[error("the blob can't be kept: {0}")]
    Disk(#[from] io::Error),
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
    /// Opens the place: a folder is made where it is missing, an object store is asked once. What is on
    /// its way to an object store waits in `data`.
    ///
    /// # Errors
    /// [`BlobError::Unusable`], with what was said.
    pub async fn open(place: &BlobPlace, data: &std::path::Path) -> Result<Self, BlobError> {
        match place {
            BlobPlace::Folder(folder) => {
                let unusable = |error: io::Error| BlobError::Unusable {
                    place: folder.display().to_string(),
                    reason: error.to_string(),
                };
                draft::prepare(folder).map_err(unusable)?;
                Ok(Self {
                    store: Arc::new(LocalFileSystem::new_with_prefix(folder)?),
                    prefix: Path::default(),
                    folder: Some(folder.clone()),
                    drafts: folder.clone(),
                    known: None,
                })
            }
            BlobPlace::S3 { bucket, .. } => {
                // Credentials, region and endpoint are the environment's.
                let store = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_http_connector(client::Connector)
                    .build()?;
                Self::in_bucket(Arc::new(store), place, data).await
            }
        }
    }

    async fn in_bucket(
        store: Arc<dyn ObjectStore>,
        place: &BlobPlace,
        data: &std::path::Path,
    ) -> Result<Self, BlobError> {
        let prefix = match place {
            BlobPlace::S3 { prefix, .. } => prefix.as_str(),
            BlobPlace::Folder(_) => "",
        };
        let drafts = data.join("drafts");
        draft::prepare(&drafts)?;
        let blobs = Self {
            store,
            prefix: Path::from(prefix),
            folder: None,
            drafts,
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

    /// The file of a blob, where the place is a folder.
    fn file(&self, name: &Digest) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(self.path(name).as_ref()))
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

    /// Its file and length, if it is here and whole. A damaged one counts as missing, so that it can be
    /// sent again.
    ///
    /// # Errors
    /// What the place said.
    pub async fn open_checked(&self, name: &Digest) -> Result<Option<(fs::File, u64)>, BlobError> {
        let found = match self.file(name) {
            Some(path) => open_file(path, *name).await?,
            None => self.fetch(name).await?,
        };
        match found {
            Found::Whole(file, length) => {
                self.remember(name, true);
                return Ok(Some((file, length)));
            }
            Found::Nothing => {}
            Found::Damaged => {
                let blob = hex::encode(name);
                tracing::warn!(blob, "a stored blob is damaged and is dropped");
                self.remove(name).await?;
            }
        }
        self.remember(name, false);
        Ok(None)
    }

    /// Brings it from the object store into a file.
    async fn fetch(&self, name: &Digest) -> Result<Found, BlobError> {
        let found = match self.store.get(&self.path(name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(Found::Nothing),
            Err(error) => return Err(error.into()),
        };
        let (mut draft, mut parts) = (self.draft().await?, found.into_stream());
        while let Some(part) = parts.next().await {
            draft.write(&part?).await?;
        }
        Ok(match draft.reopen(name).await? {
            Some((file, length)) => Found::Whole(file, length),
            None => Found::Damaged,
        })
    }

    /// Its bytes, if it is here and whole.
    ///
    /// # Errors
    /// What the place said.
    pub async fn get(&self, name: &Digest) -> Result<Option<Vec<u8>>, BlobError> {
        let Some((mut file, length)) = self.open_checked(name).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.read_to_end(&mut bytes).await?;
        Ok(Some(bytes))
    }

    /// Forgets a blob.
    ///
    /// # Errors
    /// What the place said.
    pub async fn remove(&self, name: &Digest) -> Result<(), BlobError> {
        self.remember(name, false);
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What was found under a name.
enum Found {
    /// The blob and its length.
    Whole(fs::File, u64),
    /// Other bytes.
    Damaged,
    /// Nothing.
    Nothing,
}

async fn open_file(path: PathBuf, name: Digest) -> io::Result<Found> {
    // Hashing takes long where the blob is large.
    let open = move || {
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        };
        let mut hasher = Sha256::new();
        let length = io::copy(&mut file, &mut hasher)?;
        if Digest::from(hasher.finalize()) != name {
            return Ok(Found::Damaged);
        }
        file.rewind()?;
        Ok(Found::Whole(fs::File::from_std(file), length))
    };
    spawn_blocking(open).await.map_err(io::Error::other)?
}
