//! Forgets what is on the desk of jobs that are over: what would be looked at again is in the archive.

use crate::desk::{Desk, Papers};
use crate::store::Store;
use millrace_chain::Pubkey;
use millrace_chain::feed::Feed;
use millrace_chain::program::state::Job;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tracing::{debug, warn};

/// How often the desk is tidied.
const EVERY: Duration = Duration::from_secs(10);
/// A job that somebody else closed has no view in the archive. Its papers stay for so long: an endpoint
/// that lags may not show a job that is there.
const MISSED_FOR: Duration = Duration::from_secs(900);

/// Tidies the desk.
#[derive(Clone)]
pub struct Tidy {
    desk: Desk,
    store: Arc<Store>,
    state: Arc<Mutex<State>>,
}

struct State {
    last: Instant,
    missed: HashMap<Pubkey, Instant>,
}

impl Tidy {
    /// Nothing has been missed yet.
    pub fn new(desk: Desk, store: Arc<Store>) -> Self {
        let state = State {
            last: Instant::now(),
            missed: HashMap::new(),
        };
        Self {
            desk,
            store,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Whether it is time to tidy; then it is not for a while.
    fn is_time(&self, now: Instant) -> bool {
        let mut state = self.state();
        let time = now.saturating_duration_since(state.last) >= EVERY;
        if time {
            state.last = now;
        }
        time
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock still holds whole entries.
        self.state.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// Forgets what is on the desk of jobs that are gone, now and then, once the chain has been read.
    pub async fn tidy(&self, feed: &Feed, now: Instant) {
        if !self.is_time(now) {
            return;
        }
        let gone = {
            let picture = feed.picture().read().await;
            if !picture.is_complete() {
                return;
            }
            let jobs = picture.jobs();
            self.desk.keep_ready(jobs.values().map(|job| job.manifest));
            gone(&self.desk.read(), jobs)
        };
        let mut archived = HashSet::new();
        for job in &gone {
            if matches!(self.store.view(&job.to_string()).await, Ok(Some(_))) {
                archived.insert(*job);
            }
        }
        let due = due(&mut self.state().missed, gone, &archived, now);
        for job in due {
            match self.desk.forget(&job).await {
                Ok(()) => debug!(%job, "a job that is over is forgotten"),
                Err(error) => warn!(%error, %job, "a job that is over could not be forgotten"),
            }
        }
    }
}

/// Jobs that the desk knows and the chain does not.
fn gone(papers: &Papers, jobs: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
    let known = papers.outcomes.keys().map(|(job, _)| *job);
    let known = known.chain(papers.failed.keys().map(|(job, _)| *job));
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
