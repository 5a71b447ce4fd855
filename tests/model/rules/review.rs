//! Audit draws and challenges.

use crate::rules::jobs::rent;
use crate::world::{
    Challenge, IN_USE, JobId, Mint, Mode, ModelError, ModelResult, NOT_THERE, Party, Review, Shard,
    ShardState, Status, Terms, Vault, World, need,
};
use millrace_protocol::hash::sha256;

/// Size of a challenge's account.
pub(super) const CHALLENGE_BYTES: u64 = 104;

/// The first 8 bytes as a little-endian number.
pub(super) fn number(digest: &[u8; 32]) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

impl World {
    /// The hash of a block in the virtual machine.
    pub(crate) fn block(&self, slot: u64) -> [u8; 32] {
        sha256(&[&slot.to_le_bytes(), &self.block_seed.to_le_bytes()])
    }

    /// Whether the blocks after `slot` select the commitment for an audit, or `None` if they do not
    /// exist yet.
    fn drawn(&self, slot: u64, spread: u8, commitment: &[u8; 32], bps: u16) -> Option<bool> {
        let (oldest, end) = self.blocks;
        if oldest > slot {
            return Some(true);
        }
        let first = slot + 1;
        if first >= end {
            return None;
        }
        let first_hash = self.block(first);
        let second = first + number(&first_hash) % u64::from(spread) + 1;
        if second >= end {
            return None;
        }
        let parts = [
            &b"millrace/audit/v1"[..],
            &first_hash,
            &self.block(second),
            commitment,
        ];
        Some(number(&sha256(&parts)) % 10_000 < u64::from(bps))
    }

    /// `draw_audit`.
    pub(crate) fn draw_audit(&mut self, id: JobId, index: u32) -> ModelResult {
        let (now, slot) = (self.now, self.slot);
        let job = self.job(id)?;
        let shard = match job.shard(index) {
            Err(ModelError("WrongShardState")) => return Err(ModelError("NoAuditPending")),
            found => found?,
        };
        let pending = shard.is_live() && shard.review == Review::Pending;
        need(pending, "NoAuditPending")?;
        let bound = shard.seats_in(Status::Committed).first().copied();
        let bound = bound.and_then(|at| shard.seats[usize::from(at)]);
        let commitment = bound.ok_or(ModelError("WrongSeatStatus"))?.digest;
        let forgotten = self.blocks.0 > shard.slot;
        let (spread, bps) = (job.draw_slots, job.terms.audit_bps);
        let drawn = self.drawn(shard.slot, spread, &commitment, bps);
        let audited = drawn.ok_or(ModelError("TooEarly"))?;
        need(job.fits(now), "TooLate")?;
        let terms = job.terms.clone();
        let shard = self.job_mut(id)?.shard_mut(index)?;
        if audited {
            shard.start_review(Review::Audited, &terms, now, slot);
        } else {
            shard.review = Review::NotSelected;
            shard.commit_by = now;
            shard.reveal_by = now + i64::from(terms.reveal);
        }
        self.notes.push(match (audited, forgotten) {
            (true, true) => "audited: blocks forgotten",
            (true, false) => "audited",
            (false, _) => "not audited",
        });
        Ok(())
    }

    /// `challenge_shard`.
    pub(crate) fn challenge(&mut self, by: Party, id: JobId, index: u32) -> ModelResult {
        let (now, slot) = (self.now, self.slot);
        need(self.clients[id.0].opened, NOT_THERE)?;
        let job = self.job(id)?;
        let shard = match job.shard(index) {
            // A shard in the job's account has the index 0.
            Err(ModelError("WrongShardState")) if index > 0 => {
                return Err(ModelError("WrongAccount"));
            }
            found => found?,
        };
        need(shard.challenge.is_none(), IN_USE)?;
        let single = job.terms.mode == Mode::Challenge && shard.single(job);
        let shown = shard.state == ShardState::Revealing;
        need(single && shown, "WrongShardState")?;
        need(now < shard.challenge_by && job.fits(now), "TooLate")?;
        let seat = shard.seats_in(Status::Revealed).first().copied();
        let seat = usize::from(seat.ok_or(ModelError("WrongSeatStatus"))?);
        let bond = job.cost(job.terms.max_replicas - 1);
        self.spend(by, Mint::Payment, Vault::Escrow(id.0), bond)?;
        self.lamports[by.at()] -= rent(CHALLENGE_BYTES);
        self.clients[id.0].held += bond;
        let job = self.job_mut(id)?;
        job.bonded += bond;
        let terms = job.terms.clone();
        let shard = job.shard_mut(index)?;
        shard.start_review(Review::Challenged, &terms, now, slot);
        shard.challenge = Some(Challenge { by, seat, bond });
        Ok(())
    }
}

impl Shard {
    /// Opens more seats for an audit or a challenge.
    fn start_review(&mut self, review: Review, terms: &Terms, now: i64, slot: u64) {
        self.review = review;
        self.challenge_by = 0;
        self.quorum = terms.quorum;
        self.target = match review {
            Review::Challenged => terms.max_replicas,
            _ => terms.quorum,
        };
        self.next_attempt(slot);
        self.start(terms, now);
    }
}
