//! What a job requires of a provider.

use millrace_client::program::state::Job;

/// The part of a job's terms that [`Job::admits`] checks. Jobs with equal requirements admit the same
/// providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Requirement {
    supplier: [u8; 16],
    region: [u8; 16],
    score: u64,
    memory_mb: u32,
    cores: u16,
}

impl Requirement {
    pub(super) fn of(job: &Job) -> Self {
        Self {
            supplier: job.supplier,
            region: job.region,
            score: job.min_score,
            memory_mb: job.min_memory_mb,
            cores: job.min_cores,
        }
    }
}
