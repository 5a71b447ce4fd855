//! Seeds of jobs, and admission by sortition.

use crate::chain::addresses::AddressBook;
use crate::rules::review::number;
use crate::world::{Job, JobId, ModelError, ModelResult, Shard, World, need};
use millrace_protocol::hash::sha256;

/// The parameter that admits every provider.
pub(crate) const ADMIT_ALL: u64 = u64::MAX;

impl World {
    /// `seed_job`.
    pub(crate) fn seed_job(&mut self, id: JobId) -> ModelResult {
        let ((oldest, end), slot) = (self.blocks, self.slot);
        let after = self.job(id)?.seed_slot;
        let first = (oldest <= after && after + 1 < end).then(|| self.block(after + 1));
        let job = self.job_mut(id)?;
        need(job.seed == 0, "SeedAlreadySet")?;
        match first {
            Some(hash) => job.seed = number(&hash).max(1),
            None if oldest > after => {
                job.seed_slot = slot;
                self.notes.push("seed: forgotten");
            }
            None => return Err(ModelError("SeedNotAvailable")),
        }
        Ok(())
    }

    /// Refuses unless sortition admits the worker to the shard.
    pub(crate) fn need_admitted(
        &self,
        (job, shard): (&Job, &Shard),
        (index, worker): (u32, usize),
        addresses: &AddressBook,
    ) -> ModelResult {
        let start = self.parameters.sortition_start;
        if start == ADMIT_ALL {
            return Ok(());
        }
        let provider = &self.providers[worker];
        let known = provider.registered_at < job.posted_at;
        need(known, "RegisteredAfterPosting")?;
        let drawn = number(&sha256(&[
            b"millrace/sortition/v1",
            &job.seed.to_le_bytes(),
            addresses.job(job.id).as_array(),
            &index.to_le_bytes(),
            &[shard.attempt],
            addresses.providers[worker].as_array(),
        ]));
        let waited = self.slot.saturating_sub(shard.slot).min(64);
        let first = u128::from(start) * u128::from(provider.active - provider.locked);
        // After 64 doublings, any positive threshold exceeds every number.
        let admitted = match waited {
            64 => first > 0,
            _ => u128::from(drawn) >> waited < first,
        };
        need(admitted, "NotAdmittedYet")
    }
}
