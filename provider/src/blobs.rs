//! Blobs by their SHA-256: downloads from the orchestrators into a cache, and uploads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::TryStreamExt;
use millrace_protocol::blob;
use millrace_protocol::hash::{Digest, sha256};
use parking_lot::Mutex;
use reqwest::{Client, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{AgentError, FileError, TransferError};
use crate::files::write_atomic;

/// Maximum size of a blob if no smaller size is declared: 64 MiB, the limit of an orchestrator.
pub(crate) const MAX_BLOB_BYTES: u64 = 64 << 20;
/// Maximum size of the cache, not counting the newest blob: 2 GiB.
const MAX_CACHE_BYTES: u64 = 2 << 30;
/// Timeout for connecting, and for each part of a response.
const IO_TIMEOUT: Duration = Duration::from_secs(20);
const MAX_RETRY_DELAY: Duration = Duration::from_millis(2_500);
/// Delays between attempts. Jitter lengthens each by up to its own length.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(MAX_RETRY_DELAY)
    .with_jitter()
    .without_max_times();

/// Why one attempt failed.
enum AttemptError {
    TooLarge,
    Retryable(String),
}

impl From<reqwest::Error> for AttemptError {
    fn from(error: reqwest::Error) -> Self {
        // The outermost message alone rarely names the cause.
        let mut text = error.to_string();
        let mut inner: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = inner {
            text = format!("{text}: {error}");
            inner = error.source();
        }
        Self::Retryable(text)
    }
}

/// Transfers blobs, and caches those that it has downloaded.
pub(crate) struct BlobCache {
    client: Client,
    orchestrators: Vec<BlobSource>,
    folder: PathBuf,
    /// One lock per blob, so that it is downloaded once: the shards of a job start together and need
    /// the same blobs.
    downloads: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

struct BlobSource {
    address: String,
    /// Whether the agent is connected to this orchestrator. Connected ones are asked first.
    connected: AtomicBool,
}

impl BlobCache {
    /// `addresses` are those of the orchestrators, without a trailing slash.
    pub(crate) fn open(data: &Path, addresses: Vec<String>) -> Result<Self, AgentError> {
        let folder = data.join("blobs");
        fs::create_dir_all(&folder).map_err(FileError::of("create", &folder))?;
        // The websocket uses no proxy either.
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(IO_TIMEOUT)
            .read_timeout(IO_TIMEOUT)
            .build()
            .map_err(AgentError::Http)?;
        Ok(Self {
            client,
            orchestrators: addresses
                .into_iter()
                .map(|address| BlobSource {
                    address,
                    connected: AtomicBool::new(false),
                })
                .collect(),
            folder,
            downloads: Mutex::default(),
        })
    }

    pub(crate) fn set_connected(&self, orchestrator: usize, connected: bool) {
        if let Some(source) = self.orchestrators.get(orchestrator) {
            source.connected.store(connected, Ordering::Relaxed);
        }
    }

    /// The content of a blob, verified against its name. Retries until `deadline`.
    pub(crate) async fn get(
        &self,
        digest: &Digest,
        limit: u64,
        deadline: Instant,
    ) -> Result<Arc<[u8]>, TransferError> {
        let lock = self.download_lock(digest);
        let _guard = lock.lock().await;
        if let Some(bytes) = self.cached(digest).await {
            if bytes.len() as u64 > limit {
                return Err(too_large(digest, limit));
            }
            return Ok(bytes);
        }
        let download = || self.download(digest, limit);
        let bytes = retry_until(digest, limit, deadline, download).await?;
        let bytes: Arc<[u8]> = bytes.into();
        self.store(digest, Arc::clone(&bytes)).await;
        Ok(bytes)
    }

    /// Uploads a blob unless the orchestrator has it. Retries until `deadline`.
    pub(crate) async fn put(
        &self,
        orchestrator: usize,
        digest: &Digest,
        bytes: &[u8],
        deadline: Instant,
    ) -> Result<(), TransferError> {
        let Some(source) = self.orchestrators.get(orchestrator) else {
            return Ok(());
        };
        let url = url(&source.address, digest);
        retry_until(digest, u64::MAX, deadline, || self.upload(&url, bytes)).await
    }

    /// Downloads from the first orchestrator that has the blob.
    async fn download(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, AttemptError> {
        let mut sources: Vec<&BlobSource> = self.orchestrators.iter().collect();
        sources.sort_by_key(|source| !source.connected.load(Ordering::Relaxed));
        let mut last = AttemptError::Retryable("no orchestrator is configured".to_owned());
        for source in sources {
            let url = url(&source.address, digest);
            match self.download_from(&url, digest, limit).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn download_from(
        &self,
        url: &str,
        digest: &Digest,
        limit: u64,
    ) -> Result<Vec<u8>, AttemptError> {
        let response = self.client.get(url).send().await?;
        if response.status() != StatusCode::OK {
            return Err(refused(response.status()));
        }
        let declared = response.content_length().unwrap_or(0);
        if declared > limit {
            return Err(AttemptError::TooLarge);
        }
        let mut bytes = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.try_next().await? {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(AttemptError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        if sha256(&[&bytes]) != *digest {
            return Err(AttemptError::Retryable(
                "the orchestrator sent bytes with another hash".to_owned(),
            ));
        }
        Ok(bytes)
    }

    async fn upload(&self, url: &str, bytes: &[u8]) -> Result<(), AttemptError> {
        if self.client.head(url).send().await?.status() == StatusCode::OK {
            return Ok(());
        }
        let response = self.client.put(url).body(bytes.to_vec()).send().await?;
        if !response.status().is_success() {
            return Err(refused(response.status()));
        }
        Ok(())
    }

    fn download_lock(&self, digest: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut downloads = self.downloads.lock();
        if let Some(lock) = downloads.get(digest).and_then(Weak::upgrade) {
            return lock;
        }
        downloads.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        downloads.insert(*digest, Arc::downgrade(&lock));
        lock
    }

    /// The blob from the cache, if it is there and undamaged.
    async fn cached(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        let (path, digest) = (self.folder.join(hex::encode(digest)), *digest);
        let read = move || {
            let bytes = fs::read(&path).ok()?;
            if sha256(&[&bytes]) != digest {
                tracing::warn!(path = %path.display(), "cached blob is damaged; downloading again");
                return None;
            }
            // Eviction goes by this time.
            let file = fs::File::options().write(true).open(&path);
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
            Some(bytes.into())
        };
        tokio::task::spawn_blocking(read).await.ok().flatten()
    }

    /// Adds a blob to the cache. On failure, as on a full disk, the blob is downloaded again next time.
    async fn store(&self, digest: &Digest, bytes: Arc<[u8]>) {
        let (folder, name) = (self.folder.clone(), hex::encode(digest));
        let write = move || {
            evict(&folder, MAX_CACHE_BYTES)
                .map_err(FileError::of("clean up", &folder))
                .and_then(|()| write_atomic(&folder.join(name), &bytes))
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
            tracing::warn!(%error, "downloaded blob not cached");
        }
    }
}

fn url(address: &str, digest: &Digest) -> String {
    format!("{address}/v1/blobs/{}", hex::encode(digest))
}

/// Removes the least recently used files until at most `max_bytes` are left.
fn evict(folder: &Path, max_bytes: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let metadata = file.metadata()?;
        files.push((metadata.modified()?, metadata.len(), file.path()));
    }
    files.sort();
    let mut used: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if used <= max_bytes {
            break;
        }
        fs::remove_file(path)?;
        used -= length;
    }
    Ok(())
}

/// Retries until an attempt succeeds, an error is final, or the next attempt would start after
/// `deadline`.
async fn retry_until<T, F>(
    digest: &Digest,
    limit: u64,
    deadline: Instant,
    mut attempt: impl FnMut() -> F,
) -> Result<T, TransferError>
where
    F: Future<Output = Result<T, AttemptError>>,
{
    let mut delays = RETRY.build();
    let mut reason = "the orchestrator did not answer".to_owned();
    loop {
        match timeout_at(deadline, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(AttemptError::TooLarge)) => return Err(too_large(digest, limit)),
            Ok(Err(AttemptError::Retryable(error))) => reason = error,
            Err(_) => {}
        }
        let delay = delays.next().unwrap_or(MAX_RETRY_DELAY);
        if Instant::now() + delay >= deadline {
            let blob = blob::format(digest);
            return Err(TransferError::TimedOut { blob, reason });
        }
        tracing::debug!(blob = hex::encode(digest), reason, "retrying blob transfer");
        sleep(delay).await;
    }
}

fn too_large(digest: &Digest, limit: u64) -> TransferError {
    TransferError::TooLarge {
        blob: blob::format(digest),
        limit,
    }
}

fn refused(status: StatusCode) -> AttemptError {
    AttemptError::Retryable(match status {
        StatusCode::NOT_FOUND => "the orchestrator does not have it".to_owned(),
        status => format!("the orchestrator answered {status}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_cache_evicts_the_least_recently_used_blobs() {
        let cache = tempfile::tempdir().unwrap();
        for (name, age) in [("old", 30), ("older", 60), ("new", 0)] {
            let path = cache.path().join(name);
            fs::write(&path, [0; 10]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_modified(used).unwrap();
        }
        let left = || {
            let files = fs::read_dir(cache.path()).unwrap();
            let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        evict(cache.path(), 30).unwrap();
        assert_eq!(left(), ["new", "old", "older"]);
        evict(cache.path(), 29).unwrap();
        assert_eq!(left(), ["new", "old"]);
        evict(cache.path(), 0).unwrap();
        assert!(left().is_empty());
    }

    #[tokio::test]
    async fn a_damaged_blob_in_the_cache_is_ignored() {
        let data = tempfile::tempdir().unwrap();
        let blobs = BlobCache::open(data.path(), vec!["http://127.0.0.1:1".to_owned()]).unwrap();
        let digest = sha256(&[b"work"]);
        blobs.store(&digest, Arc::from(*b"work")).await;
        let now = Instant::now();
        assert_eq!(&*blobs.get(&digest, 4, now).await.unwrap(), b"work");
        assert!(matches!(
            blobs.get(&digest, 3, now).await,
            Err(TransferError::TooLarge { limit: 3, .. })
        ));
        fs::write(blobs.folder.join(hex::encode(digest)), "wörk").unwrap();
        assert!(matches!(
            blobs.get(&digest, 4, now).await,
            Err(TransferError::TimedOut { .. })
        ));
    }
}
