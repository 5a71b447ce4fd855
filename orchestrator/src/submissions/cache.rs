//! Results submitted by agents, keyed by seat. Writes go to the store before they become visible in
//! memory.

use crate::leases::fence::Fence;
use crate::leases::partition::Partition;
use crate::leases::set::LeaseSet;
use crate::observability::metrics::Metrics;
use crate::store::{Store, StoreError};
use crate::submissions::model::{RevealedResult, SeatKey, SettledResult, Submission, Submissions};
use millrace_client::cache::subscription::Feed;
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::hash::Digest;
use millrace_protocol::selection::SelectionRecord;
use parking_lot::{RwLock, RwLockReadGuard};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Write-through cache of [`Submissions`]. Clones share their content.
#[derive(Clone)]
pub(crate) struct SubmissionStore {
    cached: Arc<RwLock<Submissions>>,
    store: Arc<Store>,
    leases: LeaseSet,
    feed: Feed,
    metrics: Metrics,
    changes: watch::Sender<u64>,
}

impl SubmissionStore {
    /// An empty cache. `feed` supplies the client of each job, which determines its partition.
    pub(crate) fn new(store: Arc<Store>, leases: LeaseSet, feed: Feed, metrics: Metrics) -> Self {
        Self {
            cached: Arc::default(),
            store,
            leases,
            feed,
            metrics,
            changes: watch::Sender::new(0),
        }
    }

    /// Adds what an earlier run, or another orchestrator, has stored.
    pub(crate) fn load(&self, stored: Submissions) {
        self.change(|cached| cached.merge_stored(stored));
    }

    /// Removes the submissions of partitions that this orchestrator no longer owns from memory. They
    /// stay in the store.
    pub(crate) fn evict(&self, lost: &HashSet<Partition>) {
        if !lost.is_empty() {
            self.change(|cached| cached.drop_partitions(lost));
        }
    }

    /// The fence for writes about a job. `None` if another orchestrator keeps the job's submissions; agents
    /// submit to that one too.
    async fn fence(&self, job: &Pubkey) -> Option<Fence> {
        let known = self.read().partitions.get(job).copied();
        let partition = match known {
            Some(partition) => Some(partition),
            None => {
                let cache = self.feed.cache().read().await;
                cache.jobs().get(job).map(Partition::of)
            }
        };
        self.leases.fence(partition)
    }

    /// The content. Release the guard before any await.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Submissions> {
        self.cached.read()
    }

    /// A counter that increases with every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Submissions)) {
        change(&mut self.cached.write());
        self.changes.send_modify(|count| *count += 1);
    }

    /// Runs and times a write, with a failpoint before and after it.
    async fn write(
        &self,
        name: &'static str,
        write: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let since = Instant::now();
        failpoint::before("store", name);
        write.await?;
        failpoint::after("store", name);
        self.metrics.store_written(since);
        Ok(())
    }

    /// Records a commitment. A second commitment for the same seat is ignored: the first may already
    /// be on its way to the chain.
    pub(crate) async fn record_commitment(
        &self,
        key: SeatKey,
        submission: Submission,
    ) -> Result<(), StoreError> {
        if self.read().by_seat.contains_key(&key) {
            return Ok(());
        }
        let Some(fence) = self.fence(&key.job).await else {
            return Ok(());
        };
        let put = self.store.put_commitment(&key, &submission, &fence);
        self.write("commitment", put).await?;
        self.change(|cached| {
            cached.set_partition(key.job, fence.partition());
            cached.by_seat.entry(key).or_insert(submission);
        });
        Ok(())
    }

    /// Records the result behind a commitment that is on chain. `committed` is the commitment as read
    /// from the chain, because this orchestrator may never have received it from the agent.
    pub(crate) async fn record_reveal(
        &self,
        key: SeatKey,
        committed: Submission,
        revealed: RevealedResult,
    ) -> Result<(), StoreError> {
        self.record_commitment(key, committed).await?;
        if !self.read().by_seat.contains_key(&key) {
            return Ok(());
        }
        let Some(fence) = self.fence(&key.job).await else {
            return Ok(());
        };
        let put = self.store.put_reveal(&key, &revealed, &fence);
        self.write("reveal", put).await?;
        self.change(|cached| {
            if let Some(submission) = cached.by_seat.get_mut(&key) {
                submission.revealed = Some(revealed);
            }
        });
        Ok(())
    }

    /// Records that a provider failed a shard.
    pub(crate) async fn record_failure(
        &self,
        job: Pubkey,
        shard: u32,
        provider: Pubkey,
        reason: &str,
    ) -> Result<(), StoreError> {
        let Some(fence) = self.fence(&job).await else {
            return Ok(());
        };
        let at = (&job, shard);
        let put = self.store.put_failure(at, &provider, reason, &fence);
        self.write("failure", put).await?;
        self.change(|cached| {
            cached.set_partition(job, fence.partition());
            let failures = cached.failures.entry((job, shard)).or_default();
            failures.insert(provider, reason.to_owned());
        });
        Ok(())
    }

    /// Records the result of a settled shard.
    pub(crate) async fn record_settled(
        &self,
        job: Pubkey,
        shard: u32,
        result: SettledResult,
    ) -> Result<(), StoreError> {
        let Some(fence) = self.fence(&job).await else {
            return Ok(());
        };
        let at = (&job, shard);
        let put = self.store.put_settled_result(at, &result, &fence);
        self.write("settled_result", put).await?;
        self.change(|cached| {
            cached.set_partition(job, fence.partition());
            cached.settled.insert((job, shard), result);
        });
        Ok(())
    }

    /// Records how providers were selected for a shard's seats, so that the job can be audited.
    pub(crate) async fn record_selection(
        &self,
        job: &Pubkey,
        selection: &SelectionRecord,
    ) -> Result<(), StoreError> {
        let Some(fence) = self.fence(job).await else {
            return Ok(());
        };
        let put = self.store.put_selection(job, selection, &fence);
        self.write("selection", put).await
    }

    /// Removes the submission for a seat whose shard has ended.
    pub(crate) async fn remove_seat(&self, key: &SeatKey) -> Result<(), StoreError> {
        let Some(fence) = self.fence(&key.job).await else {
            return Ok(());
        };
        let delete = self.store.delete_seat(key, &fence);
        self.write("delete_seat", delete).await?;
        self.change(|cached| drop(cached.by_seat.remove(key)));
        Ok(())
    }

    /// Removes everything about a job that has ended.
    pub(crate) async fn forget_job(&self, job: &Pubkey) -> Result<(), StoreError> {
        let Some(fence) = self.fence(job).await else {
            return Ok(());
        };
        self.write("forget", self.store.forget(job, &fence)).await?;
        self.change(|cached| cached.drop_job(job));
        Ok(())
    }

    /// Forgets which manifests are ready, except for `wanted`, the manifests of current jobs.
    pub(crate) fn retain_ready(&self, wanted: impl Iterator<Item = Digest>) {
        let wanted: HashSet<Digest> = wanted.collect();
        let known = self.read().ready_manifests.len();
        if known > wanted.len() {
            self.change(|cached| {
                cached
                    .ready_manifests
                    .retain(|manifest| wanted.contains(manifest));
            });
        }
    }

    /// Records that all blobs of a manifest are stored.
    pub(crate) fn mark_ready(&self, manifest: Digest) {
        if !self.read().ready_manifests.contains(&manifest) {
            self.change(|cached| {
                cached.ready_manifests.insert(manifest);
            });
        }
    }
}
