//! Forgets what is on the desk of jobs that are over: what would be looked at again is in the archive.

use crate::submissions::cache::SubmissionStore;

use crate::store::Store;
use crate::submissions::model::Submissions;
use futures_util::future::join_all;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_client::program::state::Job;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often the desk is tidied.
const EVERY: Duration = Duration::from_secs(10);
/// A job that somebody else closed has no view in the archive. Its papers stay for so long: an endpoint
/// that lags may not show a job that is there.
const MISSED_FOR: Duration = Duration::from_secs(900);

/// Tidies the desk.
#[derive(Clone)]
pub struct JobGc {
    submissions: SubmissionStore,
    store: Arc<Store>,
    /// Jobs that are gone, and since when.
    missed: Arc<Mutex<HashMap<Pubkey, Instant>>>,
}

impl JobGc {
    /// Nothing has been missed yet.
    pub fn new(submissions: SubmissionStore, store: Arc<Store>) -> Self {
        Self {
            submissions,
            store,
            missed: Arc::default(),
        }
    }

    fn missed(&self) -> MutexGuard<'_, HashMap<Pubkey, Instant>> {
        // A poisoned lock still holds whole entries.
        self.missed.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// Tidies now and then until `end`. No plan waits for it: what it writes may be much.
    pub async fn run(&self, feed: &Feed, end: CancellationToken) {
        let job_gc = async {
            loop {
                tokio::time::sleep(EVERY).await;
                self.job_gc(feed, Instant::now()).await;
            }
        };
        end.run_until_cancelled(job_gc).await;
    }

    /// Forgets what is on the desk of jobs that are gone, once the chain has been read.
    async fn job_gc(&self, feed: &Feed, now: Instant) {
        let gone = {
            let cache = feed.cache().read().await;
            if !cache.is_complete() {
                return;
            }
            let jobs = cache.jobs();
            self.submissions
                .retain_ready(jobs.values().map(|job| job.manifest));
            gone(&self.submissions.read(), jobs)
        };
        let mut archived = HashSet::new();
        for job in &gone {
            if matches!(self.store.view(&job.to_string()).await, Ok(Some(_))) {
                archived.insert(*job);
            }
        }
        let due = due(&mut self.missed(), gone, &archived, now);
        let forget = async |job: Pubkey| match self.submissions.forget_job(&job).await {
            Ok(()) => debug!(%job, "a job that is over is forgotten"),
            Err(error) => warn!(%error, %job, "a job that is over could not be forgotten"),
        };
        // Together, so that all of it waits for the disk once.
        join_all(due.into_iter().map(forget)).await;
    }
}

/// Jobs that the desk knows and the chain does not.
fn gone(submissions: &Submissions, jobs: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
    let known = submissions.settled.keys().map(|(job, _)| *job);
    let known = known.chain(submissions.failures.keys().map(|(job, _)| *job));
    known.filter(|job| !jobs.contains_key(job)).collect()
}

/// Which of them may be forgotten: those that are in the archive, and those that have been gone for long.
fn due(
    missed: &mut HashMap<Pubkey, Instant>,
    gone: HashSet<Pubkey>,
    archived: &HashSet<Pubkey>,
    now: Instant,
) -> Vec<Pubkey> {
    missed.retain(|job, _| gone.contains(job));
    let due = gone.into_iter().filter(|job| {
        let since = *missed.entry(*job).or_insert(now);
        archived.contains(job) || now.saturating_duration_since(since) >= MISSED_FOR
    });
    due.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_forgotten_once_it_is_archived_or_has_been_gone_for_long() {
        let (start, mut missed) = (Instant::now(), HashMap::new());
        let (archived, other) = (Pubkey::new_unique(), Pubkey::new_unique());
        let mut look = |jobs: &[Pubkey], now| {
            due(
                &mut missed,
                jobs.iter().copied().collect(),
                &HashSet::from([archived]),
                now,
            )
        };
        assert_eq!(look(&[archived, other], start), [archived]);
        assert_eq!(look(&[other], start + MISSED_FOR / 2), []);
        // It was there again in between.
        assert_eq!(look(&[], start + MISSED_FOR / 2), []);
        assert_eq!(look(&[other], start + MISSED_FOR), []);
        assert_eq!(look(&[other], start + MISSED_FOR * 2), [other]);
    }
}
