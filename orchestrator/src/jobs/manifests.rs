//! Which manifests have all their blobs here: shards of others are not handed out.
//!
//! A manifest that lacks something is looked at again when the blob that it lacked has come, and now and
//! then besides, for another orchestrator may have put it into the same folder.

use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::submissions::cache::SubmissionStore;
use millrace_client::cache::accounts::AccountCache;
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Join, Manifest, ShardInput};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tracing::warn;

/// How often a manifest is looked at that lacks something.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Knows which manifests wait for which blob.
#[derive(Clone)]
pub struct Readiness {
    blobs: BlobStore,
    upload_quota: UploadQuota,
    submissions: SubmissionStore,
    waiting: Arc<Mutex<Waiting>>,
    arrivals: watch::Sender<u64>,
}

#[derive(Default)]
struct Waiting {
    /// Manifests that lack something.
    manifests: HashMap<Digest, Lack>,
    /// Blobs that have come since they were looked at.
    arrived: HashSet<Digest>,
}

struct Lack {
    /// The first blob that is not here; `None` where the manifest can't be used at all.
    blob: Option<Digest>,
    look_at: Instant,
}

impl Waiting {
    /// Of the manifests that jobs want, those that may have become complete.
    fn due(&mut self, wanted: HashSet<Digest>, now: Instant) -> Vec<Digest> {
        let arrived = std::mem::take(&mut self.arrived);
        self.manifests.retain(|name, _| wanted.contains(name));
        let due = wanted.into_iter().filter(|name| {
            let lack = self.manifests.get(name);
            lack.is_none_or(|lack| {
                now >= lack.look_at || lack.blob.is_some_and(|blob| arrived.contains(&blob))
            })
        });
        due.collect()
    }
}

impl Readiness {
    /// Nothing has been looked at yet.
    pub fn new(blobs: BlobStore, upload_quota: UploadQuota, submissions: SubmissionStore) -> Self {
        Self {
            blobs,
            upload_quota,
            submissions,
            waiting: Arc::default(),
            arrivals: watch::Sender::new(0),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A poisoned lock still holds whole entries.
        self.waiting
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A counter that rises when a blob has come.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// A blob has come: a job may have waited for it.
    pub fn arrived(&self, blob: Digest) {
        self.waiting().arrived.insert(blob);
        self.arrivals.send_modify(|count| *count += 1);
    }

    /// Marks the manifests that have become complete, of jobs with shards to hand out.
    pub async fn look(&self, cache: &tokio::sync::RwLock<AccountCache>) {
        let wanted: HashSet<Digest> = {
            let cache = cache.read().await;
            let submissions = self.submissions.read();
            let jobs = cache.jobs().values().filter(|job| job.unassigned() > 0);
            let missing = jobs.filter(|job| !submissions.ready_manifests.contains(&job.manifest));
            missing.map(|job| job.manifest).collect()
        };
        let due = self.waiting().due(wanted, Instant::now());
        for name in due {
            match self.lacks(&name).await {
                None => {
                    self.waiting().manifests.remove(&name);
                    self.submissions.mark_ready(name);
                }
                Some(lack) => drop(self.waiting().manifests.insert(name, lack)),
            }
        }
    }

    /// What keeps a manifest from being complete.
    async fn lacks(&self, name: &Digest) -> Option<Lack> {
        let lack = |blob| {
            Some(Lack {
                blob,
                look_at: Instant::now() + LOOK_EVERY,
            })
        };
        let Ok(Some(bytes)) = self.blobs.get(name).await else {
            return lack(Some(*name));
        };
        let manifest = match Manifest::from_bytes(&bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                warn!(manifest = hex::encode(name), %error, "a manifest can't be used");
                return lack(None);
            }
        };
        let named = blobs_of(&manifest);
        for blob in &named {
            if !self.blobs.contains(blob).await {
                return lack(Some(*blob));
            }
        }
        self.upload_quota.claim(named);
        self.upload_quota.claim([*name]);
        None
    }
}

/// All blobs that a manifest names.
fn blobs_of(manifest: &Manifest) -> HashSet<Digest> {
    let mut blobs = HashSet::from([manifest.program]);
    blobs.extend(manifest.inputs.values().map(|input| input.digest));
    for input in &manifest.shards {
        if let ShardInput::Blob { digest, .. } = input {
            blobs.insert(*digest);
        }
    }
    if let Join::Program { digest, .. } = &manifest.join {
        blobs.insert(*digest);
    }
    blobs
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(1_000);

    #[test]
    fn a_manifest_is_looked_at_when_the_blob_that_it_lacks_has_come_and_not_before() {
        let now = Instant::now();
        let (one, other) = ([1; 32], [2; 32]);
        let mut waiting = Waiting::default();
        assert_eq!(waiting.due(HashSet::from([one]), now), [one], "a new one");
        for (name, blob) in [(one, [7; 32]), (other, [8; 32])] {
            let lack = Lack {
                blob: Some(blob),
                look_at: now + NEVER,
            };
            waiting.manifests.insert(name, lack);
        }
        let both = HashSet::from([one, other]);
        assert!(waiting.due(both.clone(), now).is_empty());
        waiting.arrived.insert([8; 32]);
        assert_eq!(waiting.due(both.clone(), now), [other]);
        assert!(waiting.due(both.clone(), now).is_empty(), "once");
        assert_eq!(waiting.due(both, now + NEVER).len(), 2, "now and then");
    }

    #[test]
    fn what_no_job_wants_any_more_is_forgotten() {
        let mut waiting = Waiting::default();
        let lack = Lack {
            blob: None,
            look_at: Instant::now() + NEVER,
        };
        waiting.manifests.insert([1; 32], lack);
        assert!(waiting.due(HashSet::new(), Instant::now()).is_empty());
        assert!(waiting.manifests.is_empty());
    }
}
