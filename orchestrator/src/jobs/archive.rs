//! Keeps the last view of each job before it is closed. No plan waits for that: a closing whose view is
//! not kept yet is left to the next plan.

use crate::planner::ChainAction;
use crate::service::Service;
use futures_util::future::join_all;
use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// Which views are kept.
#[derive(Clone, Default)]
pub struct Archive {
    /// Jobs on chain whose views were looked at, and whether that has ended.
    jobs: Arc<Mutex<HashMap<Pubkey, bool>>>,
    changes: watch::Sender<u64>,
}

impl Archive {
    /// A counter that rises when views were kept.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Pubkey, bool>> {
        // A poisoned lock still holds whole entries.
        self.jobs.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// Forgets jobs that are not on chain any more.
    pub fn retain(&self, there: &HashMap<Pubkey, Job>) {
        self.jobs().retain(|job, _| there.contains_key(job));
    }

    /// Parts what may be done from the jobs whose views are to be kept first: each of these once.
    fn part(&self, actions: Vec<ChainAction>) -> (Vec<ChainAction>, Vec<Pubkey>) {
        let (mut jobs, mut fresh) = (self.jobs(), Vec::new());
        let may_be_done = |action: &ChainAction| {
            let ChainAction::CloseJob { job, .. } = action else {
                return true;
            };
            *jobs.entry(*job).or_insert_with(|| {
                fresh.push(*job);
                false
            })
        };
        let actions = actions.into_iter().filter(may_be_done).collect();
        (actions, fresh)
    }

    fn kept(&self, jobs: &[Pubkey]) {
        self.jobs().extend(jobs.iter().map(|job| (*job, true)));
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Service {
    /// What may be done now: all but the closing of jobs whose last views are still to be kept, which begins.
    pub fn hold_back_unarchived(&self, actions: Vec<ChainAction>) -> Vec<ChainAction> {
        let (actions, fresh) = self.archive().part(actions);
        if !fresh.is_empty() {
            let this = self.clone();
            self.executor().spawn(async move {
                // Together, so that all of it waits for the disk once.
                join_all(fresh.iter().map(|job| this.archive_view(job))).await;
                this.archive().kept(&fresh);
            });
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_closed_once_its_last_view_is_kept_and_that_is_kept_once() {
        let (archive, job) = (Archive::default(), Pubkey::new_from_array([1; 32]));
        let close = || ChainAction::CloseJob {
            job,
            client: Pubkey::default(),
            shards: Vec::new(),
        };
        let other = || ChainAction::SeedJob { job };
        let first = archive.part(vec![close(), other()]);
        assert_eq!(first, (vec![other()], vec![job]));
        assert_eq!(archive.part(vec![close()]), (vec![], vec![]));
        archive.kept(&[job]);
        assert_eq!(archive.part(vec![close()]), (vec![close()], vec![]));
        archive.retain(&HashMap::new());
        assert_eq!(archive.part(vec![close()]), (vec![], vec![job]));
    }
}
