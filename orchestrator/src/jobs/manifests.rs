//! Tracks which manifests have all of their blobs stored here. Shards of other manifests are not assigned.
//!
//! An incomplete manifest is checked again when its missing blob is stored, and at intervals, because
//! another orchestrator may have stored the blob in a shared location.

use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::submissions::cache::SubmissionStore;
use millrace_client::cache::accounts::AccountCache;
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Join, Manifest, ShardInput};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{RwLock, watch};
use tracing::warn;

/// Time between two checks of an incomplete manifest.
const RECHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Marks manifests as ready. Clones share their state.
#[derive(Clone)]
pub(crate) struct ManifestTracker {
    blobs: BlobStore,
    upload_quota: UploadQuota,
    submissions: SubmissionStore,
    incomplete: Arc<Mutex<IncompleteManifests>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct IncompleteManifests {
    manifests: HashMap<Digest, MissingBlob>,
    /// BlobStore that were stored since the last check.
    stored: HashSet<Digest>,
}

struct MissingBlob {
    /// The first blob that is missing; `None` if the manifest itself is invalid.
    blob: Option<Digest>,
    recheck_at: Instant,
}

impl IncompleteManifests {
    /// Those of the wanted manifests that may have become complete.
    fn due(&mut self, wanted: HashSet<Digest>, now: Instant) -> Vec<Digest> {
        let stored = std::mem::take(&mut self.stored);
        self.manifests.retain(|name, _| wanted.contains(name));
        let is_due = |missing: &MissingBlob| {
            now >= missing.recheck_at || missing.blob.is_some_and(|blob| stored.contains(&blob))
        };
        let due = wanted
            .into_iter()
            .filter(|name| self.manifests.get(name).is_none_or(is_due));
        due.collect()
    }
}

impl ManifestTracker {
    pub(crate) fn new(
        blobs: BlobStore,
        upload_quota: UploadQuota,
        submissions: SubmissionStore,
    ) -> Self {
        Self {
            blobs,
            upload_quota,
            submissions,
            incomplete: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that increases when a blob is stored.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// A blob was stored, which may complete a manifest.
    pub(crate) fn blob_stored(&self, blob: Digest) {
        self.incomplete.lock().stored.insert(blob);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Marks the manifests that have become complete, among those of jobs with unassigned shards.
    pub(crate) async fn update(&self, cache: &RwLock<AccountCache>) {
        let wanted: HashSet<Digest> = {
            let cache = cache.read().await;
            let submissions = self.submissions.read();
            let ready = &submissions.ready_manifests;
            let jobs = cache.jobs().values().filter(|job| job.unassigned() > 0);
            let manifests = jobs.map(|job| job.manifest);
            manifests.filter(|name| !ready.contains(name)).collect()
        };
        let due = self.incomplete.lock().due(wanted, Instant::now());
        for name in due {
            if let Some(missing) = self.missing_blob(&name).await {
                self.incomplete.lock().manifests.insert(name, missing);
            } else {
                self.incomplete.lock().manifests.remove(&name);
                self.submissions.mark_ready(name);
            }
        }
    }

    /// What a manifest lacks; `None` if it is complete.
    async fn missing_blob(&self, name: &Digest) -> Option<MissingBlob> {
        let missing = |blob| {
            Some(MissingBlob {
                blob,
                recheck_at: Instant::now() + RECHECK_INTERVAL,
            })
        };
        let Ok(Some(bytes)) = self.blobs.get(name).await else {
            return missing(Some(*name));
        };
        let manifest = match Manifest::from_bytes(&bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                warn!(manifest = hex::encode(name), %error, "invalid manifest");
                return missing(None);
            }
        };
        let blobs = blobs_of(&manifest);
        for blob in &blobs {
            if !self.blobs.contains(blob).await {
                return missing(Some(*blob));
            }
        }
        self.upload_quota.claim(blobs);
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
    fn incomplete_manifest_is_checked_again_once_its_missing_blob_is_stored() {
        let now = Instant::now();
        let (one, other) = ([1; 32], [2; 32]);
        let mut incomplete = IncompleteManifests::default();
        assert_eq!(incomplete.due(HashSet::from([one]), now), [one], "new");
        for (name, blob) in [(one, [7; 32]), (other, [8; 32])] {
            let missing = MissingBlob {
                blob: Some(blob),
                recheck_at: now + NEVER,
            };
            incomplete.manifests.insert(name, missing);
        }
        let both = HashSet::from([one, other]);
        assert!(incomplete.due(both.clone(), now).is_empty());
        incomplete.stored.insert([8; 32]);
        assert_eq!(incomplete.due(both.clone(), now), [other]);
        assert!(incomplete.due(both.clone(), now).is_empty(), "only once");
        assert_eq!(incomplete.due(both, now + NEVER).len(), 2, "at intervals");
    }

    #[test]
    fn manifest_that_no_job_uses_is_forgotten() {
        let mut incomplete = IncompleteManifests::default();
        let missing = MissingBlob {
            blob: None,
            recheck_at: Instant::now() + NEVER,
        };
        incomplete.manifests.insert([1; 32], missing);
        assert!(incomplete.due(HashSet::new(), Instant::now()).is_empty());
        assert!(incomplete.manifests.is_empty());
    }
}
