//! What is told about jobs: those on chain, those of the past, and those that nobody has posted yet.

use crate::error::OrchestratorError;
use crate::jobs::view;
use crate::leases::partition::Partition;
use crate::planner::{PendingReasons, Snapshot, placement_blockers};
use crate::service::Service;
use crate::store::Scope;
use crate::submissions::model::Submissions;
use millrace_client::program::state::Job;
use millrace_client::{Pubkey, failpoint};
use millrace_protocol::api::{JobView, QuoteRequest};
use std::collections::{HashMap, HashSet};
use tracing::warn;

/// Jobs on chain that a list shows.
const MOST_JOBS: usize = 1_000;
/// Jobs of the past that a list shows.
const PAST_JOBS: u32 = 200;

impl Service {
    /// Why a job of these terms could not be placed now; empty where it could.
    pub async fn placement_blockers(
        &self,
        terms: &QuoteRequest,
    ) -> Result<Vec<String>, OrchestratorError> {
        let look = |snapshot: &Snapshot| placement_blockers(snapshot, terms);
        let told = self.with_snapshot(look).await;
        Ok(told.unwrap_or_else(|| vec!["the chain has not been read yet".to_owned()]))
    }

    /// Whether the chain has been read since the start. Before that, a job that is missing may be there all
    /// the same, and the archive says what is not so yet.
    pub async fn knows_chain(&self) -> bool {
        self.feed().now().is_some() && self.feed().cache().read().await.is_complete()
    }

    /// A job that is on chain, or the last view of one that was.
    pub async fn job(&self, key: &Pubkey) -> Result<Option<JobView>, OrchestratorError> {
        let stored = self.submissions_of_others(&[*key]).await?;
        let look = |snapshot: &Snapshot| {
            let job = snapshot.cache.jobs().get(key)?;
            let pending = PendingReasons::new(snapshot);
            Some(view_of(snapshot, &pending, &stored, (*key, job)))
        };
        if let Some(view) = self.with_snapshot(look).await.flatten() {
            return Ok(Some(view));
        }
        let kept = self.store().view(&key.to_string()).await?;
        Ok(kept.and_then(|text| JobView::from_stored(&text).ok()))
    }

    /// Jobs on chain, newest first, then those of the past.
    pub async fn jobs(&self) -> Result<Vec<JobView>, OrchestratorError> {
        let all: Vec<Pubkey> = {
            let cache = self.feed().cache().read().await;
            let mut jobs: Vec<_> = cache.jobs().iter().collect();
            jobs.sort_by_key(|(key, job)| (std::cmp::Reverse(job.posted_at), **key));
            let newest = jobs.into_iter().take(MOST_JOBS);
            newest.map(|(key, _)| *key).collect()
        };
        let stored = self.submissions_of_others(&all).await?;
        let look = |snapshot: &Snapshot| {
            let (jobs, pending) = (snapshot.cache.jobs(), PendingReasons::new(snapshot));
            let there = all.iter().filter_map(|key| Some((*key, jobs.get(key)?)));
            there
                .map(|place| view_of(snapshot, &pending, &stored, place))
                .collect()
        };
        let mut views: Vec<JobView> = self.with_snapshot(look).await.unwrap_or_default();
        let shown: HashSet<String> = views.iter().map(|view| view.job.clone()).collect();
        for text in self.store().views(PAST_JOBS).await? {
            let past = JobView::from_stored(&text).ok();
            views.extend(past.filter(|view| !shown.contains(&view.job)));
        }
        Ok(views)
    }

    /// Keeps the last view of a job that is going to be closed.
    pub async fn archive_view(&self, job: &Pubkey) {
        let Ok(Some(view)) = self.job(job).await else {
            return;
        };
        let text = match serde_json::to_string(&view.closed()) {
            Ok(text) => text,
            Err(error) => return warn!(%job, %error, "the last view of a job has no text"),
        };
        failpoint::before("store", "view");
        let kept = self.store().put_view(&job.to_string(), &text).await;
        failpoint::after("store", "view");
        if let Err(error) = kept {
            warn!(%job, %error, "the last view of a job could not be kept");
        }
    }

    /// What other orchestrators have stored about their jobs, for whoever asks this one.
    async fn submissions_of_others(
        &self,
        jobs: &[Pubkey],
    ) -> Result<HashMap<Pubkey, Submissions>, OrchestratorError> {
        let owned = self.leases().owned();
        let others: Vec<Pubkey> = {
            let cache = self.feed().cache().read().await;
            let other = |key: &&Pubkey| {
                let job = cache.jobs().get(key);
                job.is_some_and(|job| !owned.contains(&Partition::of(job)))
            };
            jobs.iter().filter(other).copied().collect()
        };
        let load = async |job: Pubkey| {
            let submissions = self.store().load_submissions(Scope::Job(&job)).await?;
            Ok::<_, OrchestratorError>((job, submissions))
        };
        let loaded = futures_util::future::try_join_all(others.into_iter().map(load));
        Ok(loaded.await?.into_iter().collect())
    }
}

/// The view of a job, by what is stored about it where another orchestrator holds it.
fn view_of(
    snapshot: &Snapshot,
    pending: &PendingReasons,
    stored: &HashMap<Pubkey, Submissions>,
    (key, job): (Pubkey, &Job),
) -> JobView {
    let submissions = stored.get(&key).unwrap_or(snapshot.submissions);
    let seen = Snapshot {
        submissions,
        ..*snapshot
    };
    view::of_job(&seen, pending, key, job)
}
