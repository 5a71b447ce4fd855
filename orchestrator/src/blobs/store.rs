use super::error::BlobStoreError;
use super::location::BlobLocation;
use super::s3_http::Connector;
use super::writer::{BlobWriter, prepare_folder};
use futures_util::StreamExt;
use millrace_client::failpoint;
use millrace_protocol::hash::{Digest, sha256};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::fs;
use tokio::io::AsyncReadExt;
use tokio::task::spawn_blocking;

/// Largest blob: 64 MiB.
pub(crate) const MAX_BLOB_BYTES: usize = 64 << 20;
/// Most names that are remembered as present. Looking one up in an object store takes a request.
const MAX_KNOWN: usize = 100_000;

/// Blobs in a folder or an object store. Clones share their state.
#[derive(Clone, Debug)]
pub(crate) struct BlobStore {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Set if the blobs are in a folder, whose files are opened and renamed without a copy.
    folder: Option<PathBuf>,
    /// Folder of blobs that are being received or fetched.
    pub(super) drafts: PathBuf,
    /// Blobs that are certainly present; `None` if looking one up is cheap.
    known: Option<Arc<Mutex<HashSet<Digest>>>>,
}

impl BlobStore {
    /// Opens a location: creates a missing folder, sends one request to an object store. Blobs on their way
    /// to or from an object store are kept in `data`.
    ///
    /// # Errors
    /// [`BlobStoreError::Unusable`].
    pub(crate) async fn open(
        location: &BlobLocation,
        data: &std::path::Path,
    ) -> Result<Self, BlobStoreError> {
        match location {
            BlobLocation::Folder(folder) => {
                let unusable = |error: io::Error| BlobStoreError::Unusable {
                    location: folder.display().to_string(),
                    source: error.into(),
                };
                prepare_folder(folder).map_err(unusable)?;
                Ok(Self {
                    objects: Arc::new(LocalFileSystem::new_with_prefix(folder)?),
                    prefix: Path::default(),
                    folder: Some(folder.clone()),
                    drafts: folder.clone(),
                    known: None,
                })
            }
            BlobLocation::S3 { bucket, .. } => {
                // Credentials, region and endpoint come from the environment.
                let objects = AmazonS3Builder::from_env()
                    .with_bucket_name(bucket)
                    .with_http_connector(Connector)
                    .build()?;
                Self::in_bucket(Arc::new(objects), location, data).await
            }
        }
    }

    pub(super) async fn in_bucket(
        objects: Arc<dyn ObjectStore>,
        location: &BlobLocation,
        data: &std::path::Path,
    ) -> Result<Self, BlobStoreError> {
        let prefix = match location {
            BlobLocation::S3 { prefix, .. } => prefix.as_str(),
            BlobLocation::Folder(_) => "",
        };
        let drafts = data.join("drafts");
        prepare_folder(&drafts)?;
        let blobs = Self {
            objects,
            prefix: Path::from(prefix),
            folder: None,
            drafts,
            known: Some(Arc::default()),
        };
        // Wrong credentials are reported at startup, not with the first job.
        let path = blobs.path(&sha256(&[b"millrace"]));
        match blobs.objects.head(&path).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(blobs),
            Err(error) => Err(BlobStoreError::Unusable {
                location: location.to_string(),
                source: error.into(),
            }),
        }
    }

    pub(super) fn path(&self, name: &Digest) -> Path {
        let hex = hex::encode(name);
        self.prefix.clone().join(&hex[..2]).join(hex)
    }

    /// The file of a blob, if blobs are in a folder.
    fn file(&self, name: &Digest) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(self.path(name).as_ref()))
    }

    fn set_known(&self, name: &Digest, present: bool) {
        let Some(known) = &self.known else { return };
        let mut known = known.lock();
        if !present {
            known.remove(name);
        } else {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(*name);
        }
    }

    fn is_known(&self, name: &Digest) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| known.lock().contains(name))
    }

    /// Whether the blob is stored. A damaged blob counts as stored until it is read.
    pub(crate) async fn contains(&self, name: &Digest) -> bool {
        if self.is_known(name) {
            return true;
        }
        let present = self.objects.head(&self.path(name)).await.is_ok();
        if present {
            self.set_known(name, true);
        }
        present
    }

    /// The file and length of a blob whose hash has been verified. A damaged blob is deleted and counts as
    /// missing, so that it can be sent again.
    ///
    /// # Errors
    /// Those of the folder or the object store.
    pub(crate) async fn open_verified(
        &self,
        name: &Digest,
    ) -> Result<Option<(fs::File, u64)>, BlobStoreError> {
        let found = match self.file(name) {
            Some(path) => open_file(path, *name).await?,
            None => self.fetch(name).await?,
        };
        match found {
            Found::Intact(file, length) => {
                self.set_known(name, true);
                return Ok(Some((file, length)));
            }
            Found::Missing => {}
            Found::Damaged => {
                let blob = hex::encode(name);
                tracing::warn!(blob, "stored blob is damaged; deleting it");
                self.remove(name).await?;
            }
        }
        self.set_known(name, false);
        Ok(None)
    }

    /// Downloads a blob from the object store into a file.
    async fn fetch(&self, name: &Digest) -> Result<Found, BlobStoreError> {
        let object = match self.objects.get(&self.path(name)).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Ok(Found::Missing),
            Err(error) => return Err(error.into()),
        };
        let (mut writer, mut chunks) = (self.writer().await?, object.into_stream());
        while let Some(chunk) = chunks.next().await {
            writer.write(&chunk?).await?;
        }
        if writer.finish().await? != *name {
            return Ok(Found::Damaged);
        }
        Ok(Found::Intact(writer.reopen().await?, writer.length()))
    }

    /// Starts a blob that is received in chunks. [`BlobStore::commit`] stores it.
    ///
    /// # Errors
    /// [`BlobStoreError::File`].
    pub(crate) async fn writer(&self) -> Result<BlobWriter, BlobStoreError> {
        BlobWriter::create(&self.drafts).await
    }

    /// Stores a completed blob under its name. Returns whether it is new.
    ///
    /// # Errors
    /// [`BlobStoreError::HashMismatch`] if the name is not the blob's hash, or those of the folder or the
    /// object store.
    pub(crate) async fn commit(
        &self,
        mut writer: BlobWriter,
        name: &Digest,
    ) -> Result<bool, BlobStoreError> {
        let found = writer.finish().await?;
        if found != *name {
            let (expected, found) = (hex::encode(name), hex::encode(found));
            return Err(BlobStoreError::HashMismatch { expected, found });
        }
        if self.contains(name).await {
            return Ok(false);
        }
        match self.file(name) {
            Some(path) => rename(&writer, &path).await?,
            None => self.upload(&writer, name).await?,
        }
        self.set_known(name, true);
        Ok(true)
    }

    async fn upload(&self, writer: &BlobWriter, name: &Digest) -> Result<(), BlobStoreError> {
        let bytes = writer.read().await?;
        // An object store makes it visible completely or not at all.
        failpoint::before("store", "blob");
        self.objects.put(&self.path(name), bytes.into()).await?;
        failpoint::after("store", "blob");
        Ok(())
    }

    /// The bytes of a blob whose hash has been verified.
    ///
    /// # Errors
    /// Those of the folder or the object store.
    pub(crate) async fn get(&self, name: &Digest) -> Result<Option<Vec<u8>>, BlobStoreError> {
        let Some((mut file, length)) = self.open_verified(name).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.read_to_end(&mut bytes).await?;
        Ok(Some(bytes))
    }

    /// Deletes a blob, if it is stored.
    ///
    /// # Errors
    /// Those of the folder or the object store.
    pub(crate) async fn remove(&self, name: &Digest) -> Result<(), BlobStoreError> {
        self.set_known(name, false);
        match self.objects.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn rename(writer: &BlobWriter, path: &std::path::Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).await?;
    }
    writer.sync().await?;
    // The rename makes the complete blob visible.
    failpoint::before("store", "blob");
    writer.rename(path).await?;
    failpoint::after("store", "blob");
    Ok(())
}

enum Found {
    /// The blob's file and length.
    Intact(fs::File, u64),
    Damaged,
    Missing,
}

async fn open_file(path: PathBuf, name: Digest) -> io::Result<Found> {
    // Hashing a large blob takes long, so it runs on a blocking thread.
    let open = move || {
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(error),
        };
        let mut hasher = Sha256::new();
        let length = io::copy(&mut file, &mut hasher)?;
        if Digest::from(hasher.finalize()) != name {
            return Ok(Found::Damaged);
        }
        file.rewind()?;
        Ok(Found::Intact(fs::File::from_std(file), length))
    };
    spawn_blocking(open).await.map_err(io::Error::other)?
}
