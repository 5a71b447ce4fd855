mod seat;
mod store;

pub use seat::{Seat, SeatStatus};
pub use store::ShardStore;

use crate::constants::{LAST_ATTEMPT, MAX_FREED_ATTEMPTS, MAX_SEATS};
use crate::error::MillraceError;
use crate::math::verdict::VerdictInput;
use crate::prelude::*;
use crate::state::{Job, Mode};

/// A part of a job that is verified on its own, with its seats. Created when its first seats are assigned.
/// [`crate::state::ShardStore`] stores it, with as many seats as the job allows, and without `job` and
/// `payer` if it is in the job's account.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug, PartialEq, Eq)]
pub struct Shard {
    pub job: Pubkey,
    /// The signer who paid the rent.
    pub payer: Pubkey,
    /// End of the commit window of this round, unix seconds.
    pub commit_by: i64,
    /// End of the reveal window of this round, unix seconds.
    pub reveal_by: i64,
    /// End of the challenge window, unix seconds; 0 until a result is revealed.
    pub challenge_by: i64,
    /// Slot from which sortition counts for free seats; while an audit is to be drawn, the slot of the
    /// commitment.
    pub slot: u64,
    /// Index within the job.
    pub index: u32,
    /// See [`ShardState`].
    pub state: u8,
    /// Counts up with every freed seat and every new round. Part of every commitment.
    pub attempt: u8,
    /// Number of seats of this round.
    pub target: u8,
    /// Number of seats that must agree.
    pub quorum: u8,
    /// See [`Review`].
    pub review: u8,
    /// Index of a seat with the quorum's result, once settled.
    pub winner: u8,
    /// Bump of the shard's own account; 0 in the job's account.
    pub bump: u8,
    pub version: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 4],
    pub seats: [Seat; MAX_SEATS],
}

/// Whether the result of a shard that starts with one seat is recomputed by more seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Review {
    /// No audit or challenge.
    None = 0,
    /// The draw of an audit is pending; no result may be revealed before it.
    Pending = 1,
    /// The draw did not select the shard for an audit.
    NotSelected = 2,
    /// The draw selected the shard for an audit.
    Audited = 3,
    /// The result is challenged.
    Challenged = 4,
}

/// The state of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ShardState {
    /// Seats are assigned and commitments recorded.
    Assigned = 1,
    /// A result was revealed, so no more seats can be assigned in this round.
    Revealing = 2,
    /// A quorum agreed and was paid.
    Settled = 3,
    /// The shard ended without a quorum.
    Failed = 4,
}

impl ProgramAccount for Shard {
    // An account has as many seats as the job allows.
    const MIN_BYTES: usize = Self::HEADER_BYTES;
}

impl Shard {
    /// Bytes before the seats.
    pub const HEADER_BYTES: usize = std::mem::offset_of!(Self, seats);
    /// Offset of the first field that is stored in the job's account: `job` and `payer` are left out.
    pub const INLINE_OFFSET: usize = std::mem::offset_of!(Self, commit_by);

    /// Bytes of an account with `seats` seats, including the discriminator.
    pub const fn space(seats: u8) -> usize {
        let seats = Seat::BYTES.saturating_mul(seats as usize);
        seats.saturating_add(8 + Self::HEADER_BYTES)
    }

    /// Bytes of a shard with `seats` seats in the job's account.
    pub const fn inline_bytes(seats: u8) -> usize {
        let seats = Seat::BYTES.saturating_mul(seats as usize);
        seats.saturating_add(Self::HEADER_BYTES - Self::INLINE_OFFSET)
    }

    /// A number that this version does not support counts as `None`.
    pub fn review(&self) -> Review {
        match self.review {
            1 => Review::Pending,
            2 => Review::NotSelected,
            3 => Review::Audited,
            4 => Review::Challenged,
            _ => Review::None,
        }
    }

    /// Root and units of the quorum's result, once settled.
    pub fn result(&self) -> Option<(&[u8; 32], u64)> {
        let seat = self.seats.get(usize::from(self.winner))?;
        (self.state() == Some(ShardState::Settled)).then_some((&seat.digest, seat.units))
    }

    /// `None` for a number that this version does not support.
    pub fn state(&self) -> Option<ShardState> {
        match self.state {
            1 => Some(ShardState::Assigned),
            2 => Some(ShardState::Revealing),
            3 => Some(ShardState::Settled),
            4 => Some(ShardState::Failed),
            _ => None,
        }
    }

    /// Whether the shard is neither settled nor failed.
    pub fn is_live(&self) -> bool {
        matches!(
            self.state(),
            Some(ShardState::Assigned | ShardState::Revealing)
        )
    }

    pub fn count(&self, status: SeatStatus) -> usize {
        self.seats.iter().filter(|s| s.status() == status).count()
    }

    /// Number of seats that a provider holds.
    pub fn live_seats(&self) -> usize {
        self.seats.iter().filter(|s| s.is_live()).count()
    }

    /// Number of seats that can be assigned now. It is zero once a result of this round is revealed,
    /// because a provider that took a seat then could copy the result.
    pub fn free_seats(&self) -> usize {
        match self.state() {
            Some(ShardState::Assigned) => {
                usize::from(self.target).saturating_sub(self.live_seats())
            }
            _ => 0,
        }
    }

    /// Starts a round, in which seats can be assigned.
    pub fn start_round(&mut self, job: &Job, now: i64) -> Result<()> {
        let commit_by = now.checked_add(i64::from(job.commit_secs));
        self.commit_by =
            commit_by.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
        let reveal_by = self.commit_by.checked_add(i64::from(job.reveal_secs));
        self.reveal_by =
            reveal_by.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
        self.state = ShardState::Assigned as u8;
        Ok(())
    }

    /// Empties a seat and starts another attempt, so that signatures for this seat become invalid and
    /// sortition counts from `slot`. Returns the seat. A seat that has done its part can leave after the
    /// attempts for idle seats are used up.
    ///
    /// # Errors
    /// [`MillraceError::TooManyAttempts`].
    pub fn free_seat(&mut self, at: usize, slot: u64) -> Result<Seat> {
        let committed = self.seats[at].status() == SeatStatus::Committed;
        let last = if committed {
            LAST_ATTEMPT
        } else {
            MAX_FREED_ATTEMPTS
        };
        require!(self.attempt < last, MillraceError::TooManyAttempts);
        self.next_attempt(slot)?;
        Ok(std::mem::take(&mut self.seats[at]))
    }

    pub fn next_attempt(&mut self, slot: u64) -> Result<()> {
        let next = self.attempt.checked_add(1);
        self.attempt = next.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
        self.slot = slot;
        Ok(())
    }

    /// Whether a seat's provider may leave it without penalty: until `accept_by` if it has not committed; and
    /// once the round is over, if it has committed, too few other seats have for it to reveal, and the shard is
    /// not under review.
    ///
    /// # Errors
    /// [`MillraceError::WrongSeatStatus`], [`MillraceError::TooLate`], [`MillraceError::TooEarly`].
    pub fn require_leavable(&self, job: &Job, seat: &Seat, now: i64) -> Result<()> {
        match seat.status() {
            SeatStatus::Assigned => {
                require!(now < self.accept_by(job), MillraceError::TooLate);
            }
            SeatStatus::Committed => {
                let round_over = now >= self.reveal_by || seat.attempt < self.attempt;
                require!(round_over, MillraceError::TooEarly);
                // CANNOT leave a review: a cheat that is audited would leave as soon as an auditor is late
                let stuck = !self.reveals_open(now) && self.review() == Review::None;
                require!(stuck, MillraceError::WrongSeatStatus);
            }
            _ => return err!(MillraceError::WrongSeatStatus),
        }
        Ok(())
    }

    /// End of the time to decline a seat of this round, unix seconds.
    pub fn accept_by(&self, job: &Job) -> i64 {
        let assigned_at = self.commit_by.saturating_sub(i64::from(job.commit_secs));
        let accept = assigned_at.saturating_add(i64::from(job.accept_secs));
        accept.min(self.commit_by)
    }

    /// Whether results may be revealed: every seat of the round has committed, or the commit window is
    /// over and a quorum has committed; and no draw is pending. Before that, a revealed result could be
    /// copied.
    pub fn reveals_open(&self, now: i64) -> bool {
        if self.review() == Review::Pending {
            return false;
        }
        let revealed = self.count(SeatStatus::Revealed);
        let committed = self.count(SeatStatus::Committed).saturating_add(revealed);
        if now < self.commit_by {
            self.count(SeatStatus::Assigned) == 0 && committed >= usize::from(self.target)
        } else {
            committed >= usize::from(self.quorum)
        }
    }

    /// Whether an orchestrator may attest the delivery of a revealed result now. A result that can be
    /// challenged must be delivered by the end of its challenge window: no one would challenge a result that
    /// will not be paid. Once it is challenged, the seats that recompute it deliver it.
    pub fn can_attest(&self, job: &Job, now: i64) -> bool {
        job.mode() != Some(Mode::Challenge)
            || match self.review() {
                Review::Challenged => self.state() == Some(ShardState::Revealing),
                _ => now < self.challenge_by,
            }
    }

    /// Starts a round in which more seats recompute the only result: as many as must agree for an audit,
    /// the maximum for a challenge.
    pub fn start_review(&mut self, job: &Job, review: Review, now: i64, slot: u64) -> Result<()> {
        self.review = review as u8;
        self.challenge_by = 0;
        self.quorum = job.quorum;
        self.target = match review {
            Review::Challenged => job.max_replicas,
            _ => job.quorum,
        };
        self.next_attempt(slot)?;
        self.start_round(job, now)
    }

    /// Starts another round: with one seat if the shard needs only one, else with the maximum.
    pub fn reopen(&mut self, job: &Job, now: i64, slot: u64) -> Result<()> {
        if self.is_single(job) {
            self.review = Review::None as u8;
            self.challenge_by = 0;
        } else {
            self.target = job.max_replicas;
        }
        self.next_attempt(slot)?;
        self.start_round(job, now)
    }

    /// Whether the shard has one seat: in the modes that start with one, until an audit or a challenge.
    pub fn is_single(&self, job: &Job) -> bool {
        let reviewed = matches!(self.review(), Review::Audited | Review::Challenged);
        job.mode() != Some(Mode::Quorum) && !reviewed
    }

    /// The input of [`crate::math::verdict::verdict`] at `now`, unix seconds.
    pub fn verdict_input(&self, job: &Job, now: i64) -> VerdictInput {
        VerdictInput {
            quorum: self.quorum,
            target: self.target,
            max_replicas: if self.is_single(job) {
                1
            } else {
                job.max_replicas
            },
            revealing: self.state() == Some(ShardState::Revealing),
            reveals_open: self.reveals_open(now),
            commit_window_over: now >= self.commit_by,
            round_over: now >= self.reveal_by,
            another_round_fits: job.round_fits(now) && self.attempt < LAST_ATTEMPT,
            challenge_window_over: now >= self.challenge_by,
            deadline_passed: now >= job.deadline,
        }
    }
}

#[cfg(test)]
mod tests;
