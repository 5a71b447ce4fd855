//! Which providers are not assigned again because of earlier failures.

use crate::submissions::model::Submissions;
use millrace_client::Pubkey;
use std::collections::{HashMap, HashSet};

/// After failing this many shards of a job, a provider is not assigned to any of the job's shards.
const MAX_FAILURES_PER_JOB: usize = 2;

/// Failures by shard and by job.
pub(super) struct FailureHistory<'a> {
    by_shard: &'a HashMap<(Pubkey, u32), HashMap<Pubkey, String>>,
    /// Jobs, each with the providers that are excluded from all of its shards.
    by_job: HashMap<Pubkey, HashSet<Pubkey>>,
}

impl<'a> FailureHistory<'a> {
    pub(super) fn new(submissions: &'a Submissions) -> Self {
        let mut counts: HashMap<(Pubkey, Pubkey), usize> = HashMap::new();
        for ((job, _), failures) in &submissions.failures {
            for provider in failures.keys() {
                *counts.entry((*job, *provider)).or_default() += 1;
            }
        }
        let mut by_job: HashMap<Pubkey, HashSet<Pubkey>> = HashMap::new();
        for ((job, provider), count) in counts {
            if count >= MAX_FAILURES_PER_JOB {
                by_job.entry(job).or_default().insert(provider);
            }
        }
        Self {
            by_shard: &submissions.failures,
            by_job,
        }
    }

    /// Whether a provider failed this shard, or several shards of the job.
    pub(super) fn excludes(&self, job: &Pubkey, shard: u32, provider: &Pubkey) -> bool {
        let of_shard = self.by_shard.get(&(*job, shard));
        of_shard.is_some_and(|failures| failures.contains_key(provider))
            || self
                .by_job
                .get(job)
                .is_some_and(|providers| providers.contains(provider))
    }

    /// Whether any provider is excluded from this shard.
    pub(super) fn affects(&self, job: &Pubkey, shard: u32) -> bool {
        self.by_shard.contains_key(&(*job, shard)) || self.affects_job(job)
    }

    /// Whether any provider is excluded from all shards of a job.
    pub(super) fn affects_job(&self, job: &Pubkey) -> bool {
        self.by_job.contains_key(job)
    }
}
