mod seat;
mod store;

pub use seat::{Seat, SeatStatus};
pub use store::ShardStore;

use crate::constants::{MAX_FREED_ATTEMPTS, MAX_SEATS};
use crate::error::MillraceError;
use crate::math::verdict::VerdictInput;
use crate::prelude::*;
use crate::state::{Job, Mode};

/// A part of a job that is verified by itself, with its seats. Made at assignment. How it is stored
/// is [`crate::state::ShardStore`]'s business: only as many seats as the job may have, and without
/// job and payer where it lies in the job's own account.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug, PartialEq, Eq)]
pub struct Shard {
    /// The job.
    pub job: Pubkey,
    /// Who paid the rent.
    pub payer: Pubkey,
    /// When commitments of this round end, unix seconds.
    pub commit_by: i64,
    /// When reveals of this round end, unix seconds.
    pub reveal_by: i64,
    /// When the time to challenge the revealed result ends, unix seconds; 0 until revealed.
    pub challenge_by: i64,
    /// Slot since which seats have been free; for an audit, that of the commitment.
    pub slot: u64,
    /// Index within the job.
    pub index: u32,
    /// See [`ShardState`].
    pub state: u8,
    /// Rounds of assignment so far, less one; bound into every commitment.
    pub attempt: u8,
    /// Seats that this round waits for.
    pub target: u8,
    /// Seats that must agree.
    pub quorum: u8,
    /// See [`Review`].
    pub review: u8,
    /// The seat with the quorum's result, once settled.
    pub winner: u8,
    /// Bump of its account; 0 in the job's own.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// For later versions.
    pub reserved: [u8; 4],
    /// The seats.
    pub seats: [Seat; MAX_SEATS],
}

/// Whether a shard that starts with one seat is looked at by more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Review {
    /// Nothing is drawn or challenged.
    None = 0,
    /// An audit is yet to be drawn; no result may be shown before.
    Pending = 1,
    /// The draw chose no audit.
    NotSelected = 2,
    /// An audit was drawn.
    Audited = 3,
    /// The result is challenged.
    Challenged = 4,
}

/// Where a shard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ShardState {
    /// Seats are filled and commitments taken.
    Assigned = 1,
    /// A result was revealed: no seat can be filled in this round any more.
    Revealing = 2,
    /// A quorum was paid.
    Settled = 3,
    /// No quorum came together.
    Failed = 4,
}

impl ProgramAccount for Shard {
    // Only as many seats as the job may have are stored.
    const LEAST: usize = Self::HEAD;
}

impl Shard {
    /// Bytes before the seats.
    pub const HEAD: usize = std::mem::offset_of!(Self, seats);
    /// Bytes that are left out in the job's own account: job and payer.
    pub const OUTER: usize = std::mem::offset_of!(Self, commit_by);

    /// Bytes of an account with `seats` seats, discriminator included.
    pub const fn space(seats: u8) -> usize {
        8 + Self::HEAD + seats as usize * std::mem::size_of::<Seat>()
    }

    /// Bytes behind the job in the job's own account.
    pub const fn inline_bytes(seats: u8) -> usize {
        Self::HEAD - Self::OUTER + seats as usize * std::mem::size_of::<Seat>()
    }

    /// Whether more seats than one look at it.
    pub fn review(&self) -> Review {
        match self.review {
            1 => Review::Pending,
            2 => Review::NotSelected,
            3 => Review::Audited,
            4 => Review::Challenged,
            _ => Review::None,
        }
    }

    /// The quorum's root and units, once settled.
    pub fn result(&self) -> Option<(&[u8; 32], u64)> {
        let seat = self.seats.get(usize::from(self.winner))?;
        (self.state() == Some(ShardState::Settled)).then_some((&seat.digest, seat.units))
    }

    /// The state; `None` for a number that this version does not know.
    pub fn state(&self) -> Option<ShardState> {
        match self.state {
            1 => Some(ShardState::Assigned),
            2 => Some(ShardState::Revealing),
            3 => Some(ShardState::Settled),
            4 => Some(ShardState::Failed),
            _ => None,
        }
    }

    /// Work goes on: neither settled nor failed.
    pub fn is_live(&self) -> bool {
        matches!(
            self.state(),
            Some(ShardState::Assigned | ShardState::Revealing)
        )
    }

    /// Seats in the given status.
    pub fn count(&self, status: SeatStatus) -> usize {
        self.seats.iter().filter(|s| s.status() == status).count()
    }

    /// Seats in use.
    pub fn live_seats(&self) -> usize {
        self.seats.iter().filter(|s| s.is_live()).count()
    }

    /// Seats that may be filled now: none once this round's reveals have begun, for whoever sat
    /// down then could copy them.
    pub fn free_seats(&self) -> usize {
        match self.state() {
            Some(ShardState::Assigned) => {
                usize::from(self.target).saturating_sub(self.live_seats())
            }
            _ => 0,
        }
    }

    /// Starts a round in which seats are filled.
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

    /// Empties a seat. A later attempt of the same provider can't use this one's signature, and
    /// sortition admits others from `slot` on.
    ///
    /// # Errors
    /// [`MillraceError::TooManyAttempts`].
    pub fn free_seat(&mut self, at: usize, slot: u64) -> Result<Seat> {
        let left = self.attempt < MAX_FREED_ATTEMPTS;
        require!(left, MillraceError::TooManyAttempts);
        self.next_attempt(slot)?;
        Ok(std::mem::take(&mut self.seats[at]))
    }

    /// Begins another attempt.
    pub fn next_attempt(&mut self, slot: u64) -> Result<()> {
        let next = self.attempt.checked_add(1);
        self.attempt = next.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
        self.slot = slot;
        Ok(())
    }

    /// When seats of this round can no longer be declined, unix seconds.
    pub fn accept_by(&self, job: &Job) -> i64 {
        let assigned_at = self.commit_by.saturating_sub(i64::from(job.commit_secs));
        let accept = assigned_at.saturating_add(i64::from(job.accept_secs));
        accept.min(self.commit_by)
    }

    /// Whether reveals count: every seat of the round has committed, or the commit window is over
    /// and enough have; and no draw is to come. Until then a shown result could be copied.
    pub fn reveals_open(&self, now: i64) -> bool {
        if self.review() == Review::Pending {
            return false;
        }
        let committed = self.count(SeatStatus::Committed) + self.count(SeatStatus::Revealed);
        if now < self.commit_by {
            self.count(SeatStatus::Assigned) == 0 && committed >= usize::from(self.target)
        } else {
            committed >= usize::from(self.quorum)
        }
    }

    /// Calls for more seats because a draw or a challenge casts doubt on the only one: as many as
    /// must agree, or all that there may be.
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

    /// Begins another round: with a seat again where one is enough, else with all that there may be.
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

    /// Only one seat is asked, until a draw or a challenge calls for more.
    pub fn is_single(&self, job: &Job) -> bool {
        let doubted = matches!(self.review(), Review::Audited | Review::Challenged);
        job.mode() != Some(Mode::Quorum) && !doubted
    }

    /// What the verdict depends on besides the seats.
    pub fn verdict_input(&self, job: &Job, now: i64) -> VerdictInput {
        VerdictInput {
            quorum: self.quorum,
            target: self.target,
            max_replicas: match self.is_single(job) {
                true => 1,
                false => job.max_replicas,
            },
            revealing: self.state() == Some(ShardState::Revealing),
            reveals_open: self.reveals_open(now),
            commit_window_over: now >= self.commit_by,
            round_over: now >= self.reveal_by,
            another_round_fits: job.round_fits(now),
            challenge_window_over: now >= self.challenge_by,
            deadline_passed: now >= job.deadline,
        }
    }
}

#[cfg(test)]
mod tests;
