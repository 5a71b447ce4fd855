//! Which finished jobs may be closed.

use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Finished jobs, which stay on chain for a while so that their clients can compare the results with the
/// accounts. Clones share their content.
#[derive(Clone)]
pub(crate) struct ClosableJobs {
    close_after: Duration,
    finished_at: Arc<Mutex<HashMap<Pubkey, Instant>>>,
}

impl ClosableJobs {
    pub(crate) fn new(close_after: Duration) -> Self {
        Self {
            close_after,
            finished_at: Arc::default(),
        }
    }

    /// Records which of the jobs on chain have finished and returns those that have been finished for
    /// long enough.
    pub(crate) fn update(&self, on_chain: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
        let mut finished_at = self.finished_at.lock();
        finished_at.retain(|job, _| on_chain.contains_key(job));
        for (job, _) in on_chain.iter().filter(|(_, job)| job.is_finished()) {
            finished_at.entry(*job).or_insert_with(Instant::now);
        }
        let due = finished_at
            .iter()
            .filter(|(_, at)| at.elapsed() >= self.close_after);
        due.map(|(job, _)| *job).collect()
    }
}
