//! Deletes the submissions of jobs that have ended. The archived view keeps what is needed later.

use crate::store::Store;
use crate::submissions::cache::SubmissionStore;
use crate::submissions::model::Submissions;
use futures_util::future::join_all;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_client::program::state::Job;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

const GC_INTERVAL: Duration = Duration::from_secs(10);
/// How long the submissions of a job without an archived view are kept after its account is gone. Another
/// party may have closed the job, or an endpoint that lags may not show it yet.
const UNARCHIVED_TTL: Duration = Duration::from_secs(900);

#[derive(Clone)]
pub(crate) struct JobGc {
    submissions: SubmissionStore,
    store: Arc<Store>,
    /// Jobs whose accounts are gone, with the time when this was first noticed.
    gone_since: Arc<Mutex<HashMap<Pubkey, Instant>>>,
}

impl JobGc {
    pub(crate) fn new(submissions: SubmissionStore, store: Arc<Store>) -> Self {
        Self {
            submissions,
            store,
            gone_since: Arc::default(),
        }
    }

    /// Collects periodically until `end`. Runs beside the planning loop, because it can write much.
    pub(crate) async fn run(&self, feed: &Feed, end: CancellationToken) {
        let collecting = async {
            loop {
                tokio::time::sleep(GC_INTERVAL).await;
                self.collect(feed, Instant::now()).await;
            }
        };
        end.run_until_cancelled(collecting).await;
    }

    async fn collect(&self, feed: &Feed, now: Instant) {
        let gone = {
            let cache = feed.cache().read().await;
            if !cache.is_complete() {
                return;
            }
            let jobs = cache.jobs();
            self.submissions
                .retain_ready(jobs.values().map(|job| job.manifest));
            gone_jobs(&self.submissions.read(), jobs)
        };
        let mut archived = HashSet::new();
        for job in &gone {
            if matches!(self.store.view(&job.to_string()).await, Ok(Some(_))) {
                archived.insert(*job);
            }
        }
        let due = due_jobs(&mut self.gone_since.lock(), gone, &archived, now);
        let forget = async |job: Pubkey| match self.submissions.forget_job(&job).await {
            Ok(()) => debug!(%job, "deleted the submissions of an ended job"),
            Err(error) => warn!(%error, %job, "failed to delete the submissions of an ended job"),
        };
        // Concurrently, so that all deletions share one disk sync.
        join_all(due.into_iter().map(forget)).await;
    }
}

/// Jobs with submissions whose accounts are gone.
fn gone_jobs(submissions: &Submissions, jobs: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
    let known = submissions.settled.keys().map(|(job, _)| *job);
    let known = known.chain(submissions.failures.keys().map(|(job, _)| *job));
    known.filter(|job| !jobs.contains_key(job)).collect()
}

/// The gone jobs that are archived or have been gone for [`UNARCHIVED_TTL`].
fn due_jobs(
    gone_since: &mut HashMap<Pubkey, Instant>,
    gone: HashSet<Pubkey>,
    archived: &HashSet<Pubkey>,
    now: Instant,
) -> Vec<Pubkey> {
    gone_since.retain(|job, _| gone.contains(job));
    let due = gone.into_iter().filter(|job| {
        let since = *gone_since.entry(*job).or_insert(now);
        archived.contains(job) || now.saturating_duration_since(since) >= UNARCHIVED_TTL
    });
    due.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_collected_once_it_is_archived_or_has_been_gone_for_long() {
        let (start, mut gone_since) = (Instant::now(), HashMap::new());
        let (archived, other) = (Pubkey::new_unique(), Pubkey::new_unique());
        let mut due = |jobs: &[Pubkey], now| {
            due_jobs(
                &mut gone_since,
                jobs.iter().copied().collect(),
                &HashSet::from([archived]),
                now,
            )
        };
        assert_eq!(due(&[archived, other], start), [archived]);
        assert_eq!(due(&[other], start + UNARCHIVED_TTL / 2), []);
        // The account reappears in between, which restarts the time.
        assert_eq!(due(&[], start + UNARCHIVED_TTL / 2), []);
        assert_eq!(due(&[other], start + UNARCHIVED_TTL), []);
        assert_eq!(due(&[other], start + UNARCHIVED_TTL * 2), [other]);
    }
}
