use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::math::verdict::Question;
use crate::state::Job;
use anchor_lang::prelude::*;

/// A part of a job that is verified by itself, with its seats. Made at assignment; its rent goes
/// back to who paid it when the job closes.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Shard {
    /// The job.
    pub job: Pubkey,
    /// Who paid the rent.
    pub payer: Pubkey,
    /// Result root of the quorum; all zeros until settled.
    pub root: [u8; 32],
    /// Units of the quorum's result.
    pub units: u64,
    /// When commitments of this round end, unix seconds.
    pub commit_by: i64,
    /// When reveals of this round end, unix seconds.
    pub reveal_by: i64,
    /// Index within the job.
    pub index: u32,
    /// See [`ShardState`].
    pub state: u8,
    /// Rounds of assignment so far, less one; bound into every commitment.
    pub attempt: u8,
    /// Seats that this round waits for.
    pub target: u8,
    /// Bump of this account.
    pub bump: u8,
    /// Layout version.
    pub version: u8,
    /// For later versions.
    pub reserved: [u8; 23],
    /// The seats.
    pub seats: [Seat; MAX_SEATS],
}

/// One provider's place at a shard.
#[zero_copy]
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The provider's account; all zeros where the seat is empty.
    pub provider: Pubkey,
    /// The commitment, and once revealed the result root.
    pub digest: [u8; 32],
    /// Price agreed at assignment, base units per unit.
    pub price: u64,
    /// Stake locked for it, base units.
    pub locked: u64,
    /// Units revealed.
    pub units: u64,
    /// See [`SeatStatus`].
    pub status: u8,
    /// The shard's attempt at which it was assigned.
    pub attempt: u8,
    /// Explicit padding.
    pub padding: [u8; 6],
}

/// Where a seat stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SeatStatus {
    /// Nobody sits here.
    Empty = 0,
    /// Work is under way.
    Assigned = 1,
    /// A result is committed to.
    Committed = 2,
    /// The result is shown, and its output delivered.
    Revealed = 3,
    /// Paid: it agreed with the quorum.
    Right = 4,
    /// It showed another result than the quorum's.
    Wrong = 5,
    /// It did not commit or reveal in time.
    Late = 6,
    /// Released without payment or penalty.
    Released = 7,
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

impl Seat {
    /// The status; a number that this version does not know counts as released.
    pub fn status(&self) -> SeatStatus {
        match self.status {
            0 => SeatStatus::Empty,
            1 => SeatStatus::Assigned,
            2 => SeatStatus::Committed,
            3 => SeatStatus::Revealed,
            4 => SeatStatus::Right,
            5 => SeatStatus::Wrong,
            6 => SeatStatus::Late,
            _ => SeatStatus::Released,
        }
    }

    /// Both have revealed the same root and units.
    pub fn agrees_with(&self, other: &Seat) -> bool {
        self.status == other.status
            && self.status() == SeatStatus::Revealed
            && self.digest == other.digest
            && self.units == other.units
    }

    /// Somebody sits here whose stake is locked for it.
    pub fn is_live(&self) -> bool {
        matches!(
            self.status(),
            SeatStatus::Assigned | SeatStatus::Committed | SeatStatus::Revealed
        )
    }
}

impl Shard {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

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
        self.commit_by = commit_by.ok_or(MillraceError::AmountOverflow)?;
        let reveal_by = self.commit_by.checked_add(i64::from(job.reveal_secs));
        self.reveal_by = reveal_by.ok_or(MillraceError::AmountOverflow)?;
        self.state = ShardState::Assigned as u8;
        Ok(())
    }

    /// Whether reveals count: every seat of the round has committed, or the commit window is over
    /// and enough have. Until then a shown result could be copied.
    pub fn reveals_open(&self, quorum: u8, now: i64) -> bool {
        let committed = self.count(SeatStatus::Committed) + self.count(SeatStatus::Revealed);
        if now < self.commit_by {
            self.count(SeatStatus::Assigned) == 0 && committed >= usize::from(self.target)
        } else {
            committed >= usize::from(quorum)
        }
    }

    /// What the verdict depends on besides the seats.
    pub fn question(&self, job: &Job, now: i64) -> Question {
        Question {
            quorum: job.quorum,
            target: self.target,
            max_replicas: job.max_replicas,
            revealing: self.state() == Some(ShardState::Revealing),
            commits_over: now >= self.commit_by,
            round_over: now >= self.reveal_by,
            another_round_fits: job.round_fits(now),
        }
    }
}
