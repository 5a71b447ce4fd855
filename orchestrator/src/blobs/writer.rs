//! A file that is hashed while it is written. No one can read it under a blob's name before it is complete.

use super::error::BlobStoreError;
use millrace_protocol::hash::Digest;
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// Extension of the files of incomplete blobs.
const DRAFT: &str = "draft";

/// An incomplete blob. Dropping it deletes its file.
pub(crate) struct BlobWriter {
    path: PathBuf,
    file: fs::File,
    hasher: Sha256,
    length: u64,
}

impl BlobWriter {
    pub(super) async fn create(folder: &Path) -> Result<Self, BlobStoreError> {
        let path = folder.join(format!("{:016x}.{DRAFT}", rand::random::<u64>()));
        Ok(Self {
            file: fs::File::create(&path).await?,
            path,
            hasher: Sha256::new(),
            length: 0,
        })
    }

    /// Appends a chunk.
    ///
    /// # Errors
    /// [`BlobStoreError::File`].
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> Result<(), BlobStoreError> {
        self.hasher.update(chunk);
        self.length += chunk.len() as u64;
        Ok(self.file.write_all(chunk).await?)
    }

    /// Bytes written so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Completes the blob and returns its hash.
    pub(super) async fn finish(&mut self) -> Result<Digest, BlobStoreError> {
        self.file.flush().await?;
        Ok(std::mem::take(&mut self.hasher).finalize().into())
    }

    /// Opens the completed file for reading. It stays readable after the writer is dropped.
    pub(super) async fn reopen(&self) -> io::Result<fs::File> {
        fs::File::open(&self.path).await
    }

    pub(super) async fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path).await
    }

    /// Moves the completed file to its final path, which is on the same file system. The caller syncs first.
    pub(super) async fn rename(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path).await
    }

    pub(super) async fn sync(&self) -> io::Result<()> {
        self.file.sync_all().await
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // Fails if the file was renamed. A file that cannot be removed is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Creates the folder of incomplete blobs if it is missing, and deletes what an earlier run left in it.
pub(super) fn prepare_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == DRAFT) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
