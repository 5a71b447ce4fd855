//! Blobs in a folder, named by their SHA-256.

use millrace_protocol::hash::{Digest, sha256};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::fs;
use tokio::io::AsyncWriteExt;

/// Largest blob: 64 MiB.
pub const MAX_BLOB_BYTES: usize = 64 << 20;

/// A folder of blobs.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

/// Why a blob was not taken.
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
    /// The disk.
    #[error("the blob can't be kept: {0}")]
    Disk(#[from] io::Error),
}

impl Blobs {
    /// Opens the folder, making it where it is missing.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn path(&self, name: &Digest) -> PathBuf {
        let hex = hex::encode(name);
        self.folder.join(&hex[..2]).join(hex)
    }

    /// Whether it is here.
    pub async fn has(&self, name: &Digest) -> bool {
        fs::try_exists(self.path(name)).await.unwrap_or(false)
    }

    /// Its bytes, if it is here and whole. A damaged one counts as missing, so that it can be sent again.
    pub async fn get(&self, name: &Digest) -> io::Result<Option<Vec<u8>>> {
        let bytes = match fs::read(self.path(name)).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if sha256(&[&bytes]) == *name {
            return Ok(Some(bytes));
        }
        tracing::warn!(
            blob = hex::encode(name),
            "a stored blob is damaged and is dropped"
        );
        fs::remove_file(self.path(name)).await?;
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
        write_whole(&self.path(name), bytes).await?;
        Ok(true)
    }
}

/// Writes a file so that it is there whole or not at all.
async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).await?;
    }
    let draft = path.with_extension(format!("{:016x}.draft", rand::random::<u64>()));
    let mut file = fs::File::create(&draft).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    fs::rename(&draft, path).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_blob_comes_back_and_a_wrong_or_damaged_one_does_not() {
        let folder = std::env::temp_dir().join(format!("millrace-blobs-{}", std::process::id()));
        let blobs = Blobs::open(folder.clone()).unwrap();
        let name = sha256(&[b"work"]);
        assert!(blobs.put(&name, b"wrong").await.is_err());
        assert!(blobs.put(&name, b"work").await.unwrap());
        assert!(!blobs.put(&name, b"work").await.unwrap());
        assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
        std::fs::write(blobs.path(&name), b"damaged").unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), None);
        assert!(blobs.put(&name, b"work").await.unwrap());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
