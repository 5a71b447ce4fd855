//! What agents have handed in, by seat: the picture of the work, as the feed's is of the chain. Every
//! change is stored before it counts.

use crate::leases::partition::Bucket;
use crate::leases::set::Tenure;
use crate::observability::metrics::Metrics;
use crate::store::{Store, StoreError};
use crate::submissions::model::{HandedIn, Opening, Outcome, Papers, SeatKey};
use millrace_client::cache::subscription::Feed;
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::hash::Digest;
use millrace_protocol::matching::Choice;
use std::collections::HashSet;
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Instant;
use tokio::sync::watch;

/// The desk.
#[derive(Clone)]
pub struct Desk {
    papers: Arc<RwLock<Papers>>,
    store: Arc<Store>,
    tenure: Tenure,
    feed: Feed,
    metrics: Metrics,
    changes: watch::Sender<u64>,
}

/// Where a job's papers go.
enum Place {
    /// Into the bucket; none where it is not known and nobody shares the store.
    Here(Option<Bucket>),
    /// Another orchestrator holds it, and agents tell that one as well.
    Elsewhere,
}

impl Desk {
    /// An empty desk; `feed` tells whose job is whose.
    pub fn new(store: Arc<Store>, tenure: Tenure, feed: Feed, metrics: Metrics) -> Self {
        Self {
            papers: Arc::default(),
            store,
            tenure,
            feed,
            metrics,
            changes: watch::Sender::new(0),
        }
    }

    /// Takes in what an earlier run, or another orchestrator, has stored.
    pub fn take_over(&self, stored: Papers) {
        self.change(|papers| papers.add(stored));
    }

    /// Drops the papers of jobs that another orchestrator holds from now on. They stay in the store.
    pub fn evict(&self, lost: &HashSet<Bucket>) {
        if !lost.is_empty() {
            self.change(|papers| papers.drop_buckets(lost));
        }
    }

    async fn place(&self, job: &Pubkey) -> Place {
        let known = self.read().buckets.get(job).copied();
        let bucket = match known {
            Some(bucket) => Some(bucket),
            None => {
                let picture = self.feed.picture().read().await;
                picture.jobs().get(job).map(Bucket::of)
            }
        };
        match bucket {
            Some(bucket) if !self.tenure.takes_in(&bucket) => Place::Elsewhere,
            None if self.store.is_shared() => Place::Elsewhere,
            bucket => Place::Here(bucket),
        }
    }

    /// The content. Held briefly: never across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Papers> {
        // A poisoned lock still holds whole papers: each change is a single insert or remove.
        self.papers
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A counter that rises with every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Papers)) {
        change(
            &mut self
                .papers
                .write()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        self.changes.send_modify(|count| *count += 1);
    }

    /// Waits for a write, between the points at which a test can end the process, and times it.
    async fn write(
        &self,
        what: &'static str,
        write: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let since = Instant::now();
        failpoint::before("store", what);
        write.await?;
        failpoint::after("store", what);
        self.metrics.store_written(since);
        Ok(())
    }

    /// Takes a commitment in. A second one for the same seat changes nothing: the first may be on
    /// its way to the chain.
    pub async fn hand_in(&self, key: SeatKey, paper: HandedIn) -> Result<(), StoreError> {
        if self.read().handed_in.contains_key(&key) {
            return Ok(());
        }
        let Place::Here(bucket) = self.place(&key.job).await else {
            return Ok(());
        };
        let put = self.store.put_commitment(&key, &paper, bucket);
        self.write("commitment", put).await?;
        self.change(|papers| {
            papers.place(key.job, bucket);
            papers.handed_in.entry(key).or_insert(paper);
        });
        Ok(())
    }

    /// Takes in what opens a commitment that is on chain; `seated` is what was handed in for it, as
    /// far as the chain tells: this orchestrator may never have seen it.
    pub async fn open(
        &self,
        key: SeatKey,
        seated: HandedIn,
        opening: Opening,
    ) -> Result<(), StoreError> {
        self.hand_in(key, seated).await?;
        if !self.read().handed_in.contains_key(&key) {
            return Ok(());
        }
        let put = self.store.put_opening(&key, &opening);
        self.write("opening", put).await?;
        self.change(|papers| {
            if let Some(paper) = papers.handed_in.get_mut(&key) {
                paper.opening = Some(opening);
            }
        });
        Ok(())
    }

    /// Notes that a provider failed a shard.
    pub async fn fail(
        &self,
        job: Pubkey,
        shard: u32,
        provider: Pubkey,
        reason: &str,
    ) -> Result<(), StoreError> {
        let Place::Here(bucket) = self.place(&job).await else {
            return Ok(());
        };
        let at = (&job, shard);
        let put = self.store.put_failure(at, &provider, reason, bucket);
        self.write("failure", put).await?;
        self.change(|papers| {
            papers.place(job, bucket);
            let failed = papers.failed.entry((job, shard)).or_default();
            failed.insert(provider, reason.to_owned());
        });
        Ok(())
    }

    /// Files the result of a settled shard.
    pub async fn file(&self, job: Pubkey, shard: u32, outcome: Outcome) -> Result<(), StoreError> {
        let Place::Here(bucket) = self.place(&job).await else {
            return Ok(());
        };
        let at = (&job, shard);
        let put = self.store.put_outcome(at, &outcome, bucket);
        self.write("outcome", put).await?;
        self.change(|papers| {
            papers.place(job, bucket);
            papers.outcomes.insert((job, shard), outcome);
        });
        Ok(())
    }

    /// Keeps by what seats were given, for whoever audits the job.
    pub async fn keep_choice(&self, job: &Pubkey, choice: &Choice) -> Result<(), StoreError> {
        self.write("choice", self.store.put_choice(job, choice))
            .await
    }

    /// Drops what was handed in for a seat whose shard has ended.
    pub async fn drop_seat(&self, key: &SeatKey) -> Result<(), StoreError> {
        let delete = self.store.delete_seat(key);
        self.write("delete_seat", delete).await?;
        self.change(|papers| drop(papers.handed_in.remove(key)));
        Ok(())
    }

    /// Forgets all that is here of a job that is over.
    pub async fn forget(&self, job: &Pubkey) -> Result<(), StoreError> {
        self.write("forget", self.store.forget(job)).await?;
        self.change(|papers| {
            papers.handed_in.retain(|key, _| key.job != *job);
            papers.failed.retain(|(of, _), _| of != job);
            papers.outcomes.retain(|(of, _), _| of != job);
            papers.buckets.remove(job);
        });
        Ok(())
    }

    /// Forgets that blobs are here, but for manifests of these jobs.
    pub fn keep_ready(&self, wanted: impl Iterator<Item = Digest>) {
        let wanted: HashSet<Digest> = wanted.collect();
        let known = self.read().ready.len();
        if known > wanted.len() {
            self.change(|papers| papers.ready.retain(|manifest| wanted.contains(manifest)));
        }
    }

    /// Notes that all blobs of a manifest are here.
    pub fn mark_ready(&self, manifest: Digest) {
        if !self.read().ready.contains(&manifest) {
            self.change(|papers| {
                papers.ready.insert(manifest);
            });
        }
    }
}
