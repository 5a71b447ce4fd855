//! Blobs on their way: files of this machine's that are hashed while they are written, and that nobody
//! sees under a blob's name before they are whole.

use super::{BlobError, Blobs};
use millrace_client::failpoint;
use millrace_protocol::hash::Digest;
use object_store::ObjectStoreExt;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// How the files of blobs end that are on their way.
const DRAFT: &str = "draft";

/// A blob on its way in. Dropping it forgets it.
pub struct Draft {
    blobs: Blobs,
    path: PathBuf,
    file: fs::File,
    hasher: Sha256,
    length: u64,
}

impl Blobs {
    /// A blob that is going to be sent in parts.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub async fn draft(&self) -> Result<Draft, BlobError> {
        let path = self
            .drafts
            .join(format!("{:016x}.{DRAFT}", rand::random::<u64>()));
        Ok(Draft {
            file: fs::File::create(&path).await?,
            path,
            hasher: Sha256::new(),
            length: 0,
            blobs: self.clone(),
        })
    }
}

impl Draft {
    /// The next part.
    ///
    /// # Errors
    /// [`BlobError::Disk`].
    pub async fn write(&mut self, part: &[u8]) -> Result<(), BlobError> {
        self.hasher.update(part);
        self.length += part.len() as u64;
        Ok(self.file.write_all(part).await?)
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Keeps it under its name. Returns whether it is new.
    ///
    /// # Errors
    /// [`BlobError::WrongHash`] where the name is another one's, or what the place said.
    pub async fn finish(mut self, name: &Digest) -> Result<bool, BlobError> {
        let found = self.digest();
        if found != *name {
            let (expected, found) = (hex::encode(name), hex::encode(found));
            return Err(BlobError::WrongHash { expected, found });
        }
        if self.blobs.has(name).await {
            return Ok(false);
        }
        self.file.flush().await?;
        match self.blobs.file(name) {
            Some(path) => self.rename(&path).await?,
            None => self.upload(name).await?,
        }
        self.blobs.remember(name, true);
        Ok(true)
    }

    /// What was written, to be read, if its hash is this one. The file has no name any more.
    pub(super) async fn reopen(
        mut self,
        name: &Digest,
    ) -> Result<Option<(fs::File, u64)>, BlobError> {
        if self.digest() != *name {
            return Ok(None);
        }
        self.file.flush().await?;
        Ok(Some((fs::File::open(&self.path).await?, self.length)))
    }

    fn digest(&mut self) -> Digest {
        std::mem::take(&mut self.hasher).finalize().into()
    }

    async fn rename(&self, path: &Path) -> Result<(), BlobError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        self.file.sync_all().await?;
        // From here on it is there, whole.
        failpoint::before("store", "blob");
        fs::rename(&self.path, path).await?;
        failpoint::after("store", "blob");
        Ok(())
    }

    async fn upload(&self, name: &Digest) -> Result<(), BlobError> {
        let bytes = fs::read(&self.path).await?;
        // An object store shows it whole or not at all.
        failpoint::before("store", "blob");
        self.blobs
            .store
            .put(&self.blobs.path(name), bytes.into())
            .await?;
        failpoint::after("store", "blob");
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that was kept has another name by now. What can't be removed is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes the folder of drafts where it is missing, and removes what an earlier run was sent in part.
pub fn prepare(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == DRAFT) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
