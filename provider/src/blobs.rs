//! Blobs by their SHA-256: fetched from the orchestrators into a cache, and uploaded to them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use futures_util::TryStreamExt;
use millrace_protocol::blob;
use millrace_protocol::hash::{Digest, sha256};
use reqwest::{Client, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};

use crate::backoff::Backoff;
use crate::error::{AgentError, StoreError, TransferError};
use crate::files::write_whole;

/// Largest blob that is fetched where nothing smaller is declared: 64 MiB, as an orchestrator takes.
pub(crate) const MAX_BLOB_BYTES: u64 = 64 << 20;
/// Bytes that the cache holds at most, beyond the newest blob: 2 GiB.
const MAX_CACHE_BYTES: u64 = 2 << 30;
/// How long a peer may take to accept a connection, and to send the next part of an answer.
const PATIENCE: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(5);

/// How one attempt failed.
enum Trouble {
    TooLarge,
    Passing(String),
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        // The outermost text alone says little more than that there was an error.
        let mut text = error.to_string();
        let mut inner: Option<&dyn std::error::Error> = std::error::Error::source(&error);
        while let Some(error) = inner {
            text = format!("{text}: {error}");
            inner = error.source();
        }
        Self::Passing(text)
    }
}

/// The orchestrators' blobs, and the cache of those fetched.
pub(crate) struct Blobs {
    client: Client,
    orchestrators: Vec<Source>,
    cache: PathBuf,
    /// One fetch of a blob at a time: shards of a job start together and need the same ones.
    fetching: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

/// An orchestrator that blobs come from.
struct Source {
    address: String,
    /// Whether there is a connection to it: those are asked first.
    live: AtomicBool,
}

impl Blobs {
    /// `addresses` are the orchestrators', without a slash at the end.
    pub(crate) fn open(data: &Path, addresses: Vec<String>) -> Result<Self, AgentError> {
        let cache = data.join("blobs");
        fs::create_dir_all(&cache).map_err(StoreError::of("made", &cache))?;
        // No proxy: the websocket beside it knows of none either.
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .build()
            .map_err(|error| AgentError::Http {
                reason: error.to_string(),
            })?;
        Ok(Self {
            client,
            orchestrators: addresses
                .into_iter()
                .map(|address| Source {
                    address,
                    live: AtomicBool::new(false),
                })
                .collect(),
            cache,
            fetching: Mutex::default(),
        })
    }

    /// Notes whether there is a connection to an orchestrator.
    pub(crate) fn set_live(&self, orchestrator: usize, live: bool) {
        if let Some(source) = self.orchestrators.get(orchestrator) {
            source.live.store(live, Ordering::Relaxed);
        }
    }

    /// The blob's bytes, which hash to its name; tried again and again until `until`.
    pub(crate) async fn get(
        &self,
        digest: &Digest,
        limit: u64,
        until: Instant,
    ) -> Result<Arc<[u8]>, TransferError> {
        let turn = self.turn(digest);
        let _turn = turn.lock().await;
        if let Some(bytes) = self.cached(digest).await {
            return match bytes.len() as u64 <= limit {
                true => Ok(bytes),
                false => Err(too_large(digest, limit)),
            };
        }
        let bytes: Arc<[u8]> = insist(digest, limit, until, || self.download(digest, limit))
            .await?
            .into();
        self.keep(digest, Arc::clone(&bytes)).await;
        Ok(bytes)
    }

    /// Uploads a blob unless the orchestrator has it; tried again and again until `until`.
    pub(crate) async fn put(
        &self,
        orchestrator: usize,
        digest: &Digest,
        bytes: &[u8],
        until: Instant,
    ) -> Result<(), TransferError> {
        let Some(to) = self.orchestrators.get(orchestrator) else {
            return Ok(());
        };
        let url = url(&to.address, digest);
        insist(digest, u64::MAX, until, || self.upload(&url, bytes)).await
    }

    /// From the first orchestrator that has it.
    async fn download(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Trouble> {
        let mut sources: Vec<&Source> = self.orchestrators.iter().collect();
        sources.sort_by_key(|source| !source.live.load(Ordering::Relaxed));
        let mut trouble = Trouble::Passing("there is no orchestrator to ask".to_owned());
        for source in sources {
            match self
                .fetch(&url(&source.address, digest), digest, limit)
                .await
            {
                Ok(bytes) => return Ok(bytes),
                Err(why) => trouble = why,
            }
        }
        Err(trouble)
    }

    async fn fetch(&self, url: &str, digest: &Digest, limit: u64) -> Result<Vec<u8>, Trouble> {
        let answer = self.client.get(url).send().await?;
        if answer.status() != StatusCode::OK {
            return Err(refused(answer.status()));
        }
        let declared = answer.content_length().unwrap_or(0);
        if declared > limit {
            return Err(Trouble::TooLarge);
        }
        let mut bytes = Vec::new();
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.try_next().await? {
            if (bytes.len() + part.len()) as u64 > limit {
                return Err(Trouble::TooLarge);
            }
            bytes.extend_from_slice(&part);
        }
        if sha256(&[&bytes]) != *digest {
            return Err(Trouble::Passing(
                "the orchestrator sent bytes with another hash".to_owned(),
            ));
        }
        Ok(bytes)
    }

    async fn upload(&self, url: &str, bytes: &[u8]) -> Result<(), Trouble> {
        if self.client.head(url).send().await?.status() == StatusCode::OK {
            return Ok(());
        }
        let answer = self.client.put(url).body(bytes.to_vec()).send().await?;
        match answer.status().is_success() {
            true => Ok(()),
            false => Err(refused(answer.status())),
        }
    }

    fn turn(&self, digest: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = fetching.get(digest).and_then(Weak::upgrade) {
            return turn;
        }
        fetching.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        fetching.insert(*digest, Arc::downgrade(&turn));
        turn
    }

    /// Out of the cache, if it is there and whole.
    async fn cached(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        let (path, digest) = (self.cache.join(hex::encode(digest)), *digest);
        let read = move || {
            let bytes = fs::read(&path).ok()?;
            if sha256(&[&bytes]) != digest {
                tracing::warn!(
                    "the cached blob {} is damaged and fetched anew",
                    path.display()
                );
                return None;
            }
            // The cache drops what was used longest ago, by this time.
            let file = fs::File::options().write(true).open(&path);
            let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
            Some(bytes.into())
        };
        tokio::task::spawn_blocking(read).await.ok().flatten()
    }

    /// Puts a blob into the cache. A full disk costs another fetch, not the task.
    async fn keep(&self, digest: &Digest, bytes: Arc<[u8]>) {
        let (cache, name) = (self.cache.clone(), hex::encode(digest));
        let write = move || {
            trim(&cache, MAX_CACHE_BYTES)
                .map_err(StoreError::of("trimmed", &cache))
                .and_then(|()| write_whole(&cache.join(name), &bytes))
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
            tracing::warn!("a fetched blob is not kept: {error}");
        }
    }
}

fn url(address: &str, digest: &Digest) -> String {
    format!("{address}/v1/blobs/{}", hex::encode(digest))
}

/// Removes what was used longest ago until at most `most` bytes are left.
fn trim(cache: &Path, most: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for file in fs::read_dir(cache)? {
        let file = file?;
        let facts = file.metadata()?;
        files.push((facts.modified()?, facts.len(), file.path()));
    }
    files.sort();
    let mut used: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if used <= most {
            break;
        }
        fs::remove_file(path)?;
        used -= length;
    }
    Ok(())
}

/// Tries until it works, can't work, or `until` is over.
async fn insist<T, F>(
    digest: &Digest,
    limit: u64,
    until: Instant,
    mut attempt: impl FnMut() -> F,
) -> Result<T, TransferError>
where
    F: Future<Output = Result<T, Trouble>>,
{
    let mut backoff = Backoff::new(FIRST_PAUSE, MOST_PAUSE);
    let mut reason = "the orchestrator did not answer".to_owned();
    loop {
        match timeout_at(until, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(Trouble::TooLarge)) => return Err(too_large(digest, limit)),
            Ok(Err(Trouble::Passing(why))) => reason = why,
            Err(_) => {}
        }
        let pause = backoff.pause();
        if Instant::now() + pause >= until {
            let blob = blob::format(digest);
            return Err(TransferError::Late { blob, reason });
        }
        tracing::debug!(blob = hex::encode(digest), reason, "trying again");
        sleep(pause).await;
    }
}

fn too_large(digest: &Digest, limit: u64) -> TransferError {
    TransferError::TooLarge {
        blob: blob::format(digest),
        limit,
    }
}

fn refused(status: StatusCode) -> Trouble {
    Trouble::Passing(match status {
        StatusCode::NOT_FOUND => "the orchestrator does not have it".to_owned(),
        status => format!("the orchestrator answered {status}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_cache_drops_what_was_used_longest_ago() {
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
        trim(cache.path(), 30).unwrap();
        assert_eq!(left(), ["new", "old", "older"]);
        trim(cache.path(), 29).unwrap();
        assert_eq!(left(), ["new", "old"]);
        trim(cache.path(), 0).unwrap();
        assert!(left().is_empty());
    }

    #[tokio::test]
    async fn a_damaged_blob_in_the_cache_is_not_taken() {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(data.path(), vec!["http://127.0.0.1:1".to_owned()]).unwrap();
        let digest = sha256(&[b"work"]);
        blobs.keep(&digest, Arc::from(*b"work")).await;
        let now = Instant::now();
        assert_eq!(&*blobs.get(&digest, 4, now).await.unwrap(), b"work");
        assert!(matches!(
            blobs.get(&digest, 3, now).await,
            Err(TransferError::TooLarge { limit: 3, .. })
        ));
        fs::write(blobs.cache.join(hex::encode(&digest)), "wörk").unwrap();
        assert!(matches!(
            blobs.get(&digest, 4, now).await,
            Err(TransferError::Late { .. })
        ));
    }
}
