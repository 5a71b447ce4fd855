//! Archives the last view of each job before the job is closed. Plans do not wait for it: a job whose view
//! is not archived yet is closed by a later plan.

use crate::executor::Executor;
use crate::jobs::queries::{Archived, JobQueries};
use crate::leases::fence::LeaseTokens;
use crate::planner::ChainAction;
use futures_util::future::join_all;
use millrace_client::Pubkey;
use millrace_client::program::state::Job;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Archives views in the background. Clones share their state.
#[derive(Clone)]
pub(crate) struct Archive {
    queries: JobQueries,
    executor: Executor,
    progress: Arc<Mutex<ArchiveProgress>>,
    changes: watch::Sender<u64>,
}

/// Jobs on chain whose archiving has started, and whether it has ended.
#[derive(Default)]
struct ArchiveProgress(HashMap<Pubkey, bool>);

impl ArchiveProgress {
    /// Removes the closing of jobs that are not archived yet. Returns the other actions, and the jobs
    /// whose archiving must start: each of them once.
    fn split(&mut self, actions: Vec<ChainAction>) -> (Vec<ChainAction>, Vec<Pubkey>) {
        let mut to_archive = Vec::new();
        let may_start = |action: &ChainAction| {
            let ChainAction::CloseJob { job, .. } = action else {
                return true;
            };
            *self.0.entry(*job).or_insert_with(|| {
                to_archive.push(*job);
                false
            })
        };
        let actions = actions.into_iter().filter(may_start).collect();
        (actions, to_archive)
    }

    fn ended(&mut self, job: Pubkey, ended: Archived) {
        match ended {
            Archived::Done => drop(self.0.insert(job, true)),
            Archived::LeaseLost => drop(self.0.remove(&job)),
        }
    }

    fn retain(&mut self, on_chain: &HashMap<Pubkey, Job>) {
        self.0.retain(|job, _| on_chain.contains_key(job));
    }
}

impl Archive {
    pub(crate) fn new(queries: JobQueries, executor: Executor) -> Self {
        Self {
            queries,
            executor,
            progress: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that increases when views have been archived.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Forgets jobs that are no longer on chain.
    pub(crate) fn retain(&self, on_chain: &HashMap<Pubkey, Job>) {
        self.progress.lock().retain(on_chain);
    }

    /// Returns the actions without the closing of jobs that are not archived yet, and starts to archive
    /// these. `tokens` are the leases that the actions were planned with.
    pub(crate) fn hold_back_unarchived(
        &self,
        actions: Vec<ChainAction>,
        tokens: &LeaseTokens,
    ) -> Vec<ChainAction> {
        let (actions, to_archive) = self.progress.lock().split(actions);
        if !to_archive.is_empty() {
            let (this, tokens) = (self.clone(), tokens.clone());
            self.executor.spawn(async move {
                let archive = async |job| {
                    let ended = this.queries.archive_view(&job, &tokens).await;
                    this.progress.lock().ended(job, ended);
                };
                // Concurrently, so that all of them wait for the disk once.
                join_all(to_archive.into_iter().map(archive)).await;
                this.changes.send_modify(|count| *count += 1);
            });
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_is_closed_once_archived_and_archived_once() {
        let (mut progress, job) = (ArchiveProgress::default(), Pubkey::new_from_array([1; 32]));
        let close = || ChainAction::CloseJob {
            job,
            client: Pubkey::default(),
            shards: Vec::new(),
        };
        let other = || ChainAction::SeedJob { job };
        let first = progress.split(vec![close(), other()]);
        assert_eq!(first, (vec![other()], vec![job]));
        assert_eq!(progress.split(vec![close()]), (vec![], vec![]));
        progress.ended(job, Archived::Done);
        assert_eq!(progress.split(vec![close()]), (vec![close()], vec![]));
        progress.retain(&HashMap::new());
        assert_eq!(progress.split(vec![close()]), (vec![], vec![job]));
        // After a lost lease, the job is archived again once its partition is leased again.
        progress.ended(job, Archived::LeaseLost);
        assert_eq!(progress.split(vec![close()]), (vec![], vec![job]));
    }
}
