//! Blobs in a folder, named by their SHA-256.

use millrace_chain::fail;
use millrace_protocol::hash::Digest;
use sha2::{Digest as _, Sha256};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

/// Largest blob: 64 MiB.
pub const MAX_BLOB_BYTES: usize = 64 << 20;

/// How the files of blobs end that are on their way in.
const DRAFT: &str = "draft";

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
        remove_drafts(&folder)?;
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

    /// Its file and length, if it is here and whole. A damaged one counts as missing, so that it can be
    /// sent again.
    pub async fn open_checked(&self, name: &Digest) -> io::Result<Option<(fs::File, u64)>> {
        let (path, name) = (self.path(name), *name);
        // Hashing takes long where the blob is large.
        let open = move || {
            let mut file = match std::fs::File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut hasher = Sha256::new();
            let length = io::copy(&mut file, &mut hasher)?;
            if Digest::from(hasher.finalize()) == name {
                file.rewind()?;
                return Ok(Some((fs::File::from_std(file), length)));
            }
            tracing::warn!(
                blob = hex::encode(name),
                "a stored blob is damaged and is dropped"
            );
            std::fs::remove_file(&path)?;
            Ok(None)
        };
        spawn_blocking(open).await.map_err(io::Error::other)?
    }

    /// Its bytes, if it is here and whole.
    pub async fn get(&self, name: &Digest) -> io::Result<Option<Vec<u8>>> {
        let Some((mut file, length)) = self.open_checked(name).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.read_to_end(&mut bytes).await?;
        Ok(Some(bytes))
    }

    /// Forgets a blob.
    pub async fn remove(&self, name: &Digest) -> io::Result<()> {
        match fs::remove_file(self.path(name)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// A blob that is going to be sent in parts.
    pub async fn draft(&self) -> io::Result<Draft> {
        let path = self
            .folder
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

/// A blob on its way in. Dropping it forgets it.
pub struct Draft {
    blobs: Blobs,
    path: PathBuf,
    file: fs::File,
    hasher: Sha256,
    length: u64,
}

impl Draft {
    /// The next part.
    pub async fn write(&mut self, part: &[u8]) -> io::Result<()> {
        self.hasher.update(part);
        self.length += part.len() as u64;
        self.file.write_all(part).await
    }

    /// Bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Keeps it under its name. Returns whether it is new.
    ///
    /// # Errors
    /// [`BlobError::WrongHash`] where the name is another one's.
    pub async fn finish(mut self, name: &Digest) -> Result<bool, BlobError> {
        let found = Digest::from(std::mem::take(&mut self.hasher).finalize());
        if found != *name {
            let (expected, found) = (hex::encode(name), hex::encode(found));
            return Err(BlobError::WrongHash { expected, found });
        }
        if self.blobs.has(name).await {
            return Ok(false);
        }
        let path = self.blobs.path(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await?;
        }
        self.file.flush().await?;
        self.file.sync_all().await?;
        // From here on it is there, whole.
        fail::before("store", "blob");
        fs::rename(&self.path, &path).await?;
        fail::after("store", "blob");
        Ok(true)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // One that was kept has another name by now. What can't be removed is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes what an earlier run was sent in part.
fn remove_drafts(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == DRAFT) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use millrace_protocol::hash::sha256;

    async fn put(blobs: &Blobs, name: &Digest, parts: &[&str]) -> Result<bool, BlobError> {
        let mut draft = blobs.draft().await.unwrap();
        for part in parts {
            draft.write(part.as_bytes()).await.unwrap();
        }
        draft.finish(name).await
    }

    #[tokio::test]
    async fn a_blob_comes_back_and_a_wrong_or_damaged_one_does_not() {
        let folder = std::env::temp_dir().join(format!("millrace-blobs-{}", std::process::id()));
        let blobs = Blobs::open(folder.clone()).unwrap();
        let name = sha256(&[b"work"]);
        assert!(put(&blobs, &name, &["wr", "ong"]).await.is_err());
        assert!(put(&blobs, &name, &["wo", "rk"]).await.unwrap());
        assert!(!put(&blobs, &name, &["work"]).await.unwrap());
        assert_eq!(blobs.get(&name).await.unwrap().unwrap(), b"work");
        std::fs::write(blobs.path(&name), b"damaged").unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), None);
        assert!(put(&blobs, &name, &["work"]).await.unwrap());
        // Nothing is left of what was not kept, not even after a crash.
        let drafts = || {
            let files = std::fs::read_dir(&folder).unwrap();
            let names = files.map(|file| file.unwrap().path());
            names.filter(|path| path.extension().is_some()).count()
        };
        assert_eq!(drafts(), 0);
        std::fs::write(folder.join("0.draft"), b"half").unwrap();
        Blobs::open(folder.clone()).unwrap();
        assert_eq!(drafts(), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
