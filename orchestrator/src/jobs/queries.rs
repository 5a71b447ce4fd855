//! Answers questions about jobs: those on chain, archived ones, and those that a client may post.

use crate::error::OrchestratorError;
use crate::jobs::view::job_view;
use crate::leases::fence::LeaseTokens;
use crate::leases::partition::Partition;
use crate::leases::set::LeaseSet;
use crate::planner::{PendingReasons, Snapshot, placement_blockers};
use crate::snapshots::SnapshotSource;
use crate::store::{Scope, Store, StoreError};
use crate::submissions::model::Submissions;
use futures_util::future::try_join_all;
use millrace_client::cache::subscription::Feed;
use millrace_client::program::state::Job;
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::api::{JobView, QuoteRequest};
use millrace_protocol::selection::SelectionRecord;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tracing::warn;

/// Jobs on chain in a list.
const MAX_LISTED_JOBS: usize = 1_000;
/// Archived jobs in a list.
const MAX_LISTED_ARCHIVED: u32 = 200;

/// How the archiving of a job has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Archived {
    /// The view is stored, or cannot be: the job may be closed.
    Done,
    /// Another member closes the job.
    LeaseLost,
}

/// Answers from the current snapshot and the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct JobQueries {
    pub snapshots: SnapshotSource,
    pub feed: Feed,
    pub leases: LeaseSet,
    pub store: Arc<Store>,
}

impl JobQueries {
    /// Why a job of these terms could not be placed now; empty if it could.
    pub(crate) async fn placement_blockers(&self, terms: &QuoteRequest) -> Vec<String> {
        let read = |snapshot: &Snapshot| placement_blockers(snapshot, terms);
        let blockers = self.snapshots.with(read).await;
        blockers.unwrap_or_else(|| vec!["the chain has not been read yet".to_owned()])
    }

    /// Whether the chain has been read since the start. Before that, a job that seems to be missing may
    /// exist, and the archive may already hold a view of a job that is not closed yet.
    pub(crate) async fn has_read_chain(&self) -> bool {
        self.feed.now().is_some() && self.feed.cache().read().await.is_complete()
    }

    /// A job on chain, or the archived view of one that was.
    pub(crate) async fn job(&self, key: &Pubkey) -> Result<Option<JobView>, OrchestratorError> {
        let stored = self.submissions_of_others(&[*key]).await?;
        let read = |snapshot: &Snapshot| {
            let job = snapshot.cache.jobs().get(key)?;
            let pending = PendingReasons::new(snapshot);
            Some(view_of(snapshot, &pending, &stored, (*key, job)))
        };
        if let Some(view) = self.snapshots.with(read).await.flatten() {
            return Ok(Some(view));
        }
        let archived = self.store.view(&key.to_string()).await?;
        Ok(archived.and_then(|text| JobView::from_stored(&text).ok()))
    }

    /// Jobs on chain, newest first, then archived ones.
    pub(crate) async fn jobs(&self) -> Result<Vec<JobView>, OrchestratorError> {
        let newest: Vec<Pubkey> = {
            let cache = self.feed.cache().read().await;
            let mut jobs: Vec<_> = cache.jobs().iter().collect();
            jobs.sort_by_key(|(key, job)| (Reverse(job.posted_at), **key));
            let newest = jobs.into_iter().take(MAX_LISTED_JOBS);
            newest.map(|(key, _)| *key).collect()
        };
        let stored = self.submissions_of_others(&newest).await?;
        let read = |snapshot: &Snapshot| {
            let (jobs, pending) = (snapshot.cache.jobs(), PendingReasons::new(snapshot));
            let listed = newest.iter().filter_map(|key| Some((*key, jobs.get(key)?)));
            listed
                .map(|job| view_of(snapshot, &pending, &stored, job))
                .collect()
        };
        let mut views: Vec<JobView> = self.snapshots.with(read).await.unwrap_or_default();
        let listed: HashSet<String> = views.iter().map(|view| view.job.clone()).collect();
        for text in self.store.views(MAX_LISTED_ARCHIVED).await? {
            let archived = JobView::from_stored(&text).ok();
            views.extend(archived.filter(|view| !listed.contains(&view.job)));
        }
        Ok(views)
    }

    /// How providers were selected for a job's seats; empty if this orchestrator assigned none.
    pub(crate) async fn selections(
        &self,
        job: &Pubkey,
    ) -> Result<Vec<SelectionRecord>, OrchestratorError> {
        Ok(self.store.selections(job).await?)
    }

    /// Archives the last view of a job that is about to be closed.
    pub(crate) async fn archive_view(&self, job: &Pubkey, tokens: &LeaseTokens) -> Archived {
        let partition = {
            let cache = self.feed.cache().read().await;
            cache.jobs().get(job).map(Partition::of)
        };
        let Some(partition) = partition else {
            return Archived::Done;
        };
        let Some(fence) = tokens.fence(partition) else {
            return Archived::LeaseLost;
        };
        let Ok(Some(view)) = self.job(job).await else {
            return Archived::Done;
        };
        let text = match serde_json::to_string(&view.closed()) {
            Ok(text) => text,
            Err(error) => {
                warn!(%job, %error, "failed to encode the last view of a job");
                return Archived::Done;
            }
        };
        failpoint::before("store", "view");
        let archived = self.store.put_view(&job.to_string(), &text, &fence).await;
        failpoint::after("store", "view");
        if let Err(error) = &archived {
            warn!(%job, %error, "failed to archive the last view of a job");
        }
        if matches!(archived, Err(StoreError::LeaseLost { .. })) {
            return Archived::LeaseLost;
        }
        Archived::Done
    }

    /// What other orchestrators have stored about those of these jobs that they own.
    async fn submissions_of_others(
        &self,
        jobs: &[Pubkey],
    ) -> Result<HashMap<Pubkey, Submissions>, OrchestratorError> {
        let owned = self.leases.owned();
        let others: Vec<Pubkey> = {
            let cache = self.feed.cache().read().await;
            let is_other = |key: &&Pubkey| {
                let job = cache.jobs().get(key);
                job.is_some_and(|job| !owned.contains(&Partition::of(job)))
            };
            jobs.iter().filter(is_other).copied().collect()
        };
        let load = async |job: Pubkey| {
            let submissions = self.store.load_submissions(Scope::Job(&job)).await?;
            Ok::<_, OrchestratorError>((job, submissions))
        };
        let loaded = try_join_all(others.into_iter().map(load));
        Ok(loaded.await?.into_iter().collect())
    }
}

/// The view of a job. Submissions come from `stored` if another orchestrator owns the job.
fn view_of(
    snapshot: &Snapshot,
    pending: &PendingReasons,
    stored: &HashMap<Pubkey, Submissions>,
    (key, job): (Pubkey, &Job),
) -> JobView {
    let submissions = stored.get(&key).unwrap_or(snapshot.submissions);
    let snapshot = Snapshot {
        submissions,
        ..*snapshot
    };
    job_view(&snapshot, pending, key, job)
}
