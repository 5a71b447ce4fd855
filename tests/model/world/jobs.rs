//! Jobs in the model: terms, shards and seats.

use crate::world::vaults::Party;
use crate::world::{JobId, ModelError, ModelResult, NOT_THERE, share};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    Quorum,
    Audit,
    Challenge,
}

/// A provider's result. All bytes of the root are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub root: u8,
    pub units: u64,
}

/// The terms of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub nonce: u64,
    pub mode: Mode,
    pub shards: u32,
    pub replicas: u8,
    pub quorum: u8,
    pub max_replicas: u8,
    pub price_cap: u64,
    pub max_units: u64,
    pub deadline: i64,
    pub commit: u32,
    pub reveal: u32,
    pub challenge: u32,
    pub audit_bps: u16,
    pub max_deposit: u64,
    pub min_cores: u16,
    /// The requested orchestrator; it does not exist if the number is too high.
    pub orchestrator: Option<usize>,
    /// Units of the honest result.
    pub honest_units: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Open = 1,
    Cancelled = 2,
    Expired = 3,
}

#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub id: JobId,
    pub bucket: u8,
    pub terms: Terms,
    pub state: JobState,
    pub posted_at: i64,
    /// The slot before the block that seeds the job.
    pub seed_slot: u64,
    /// 0 until the seed is taken.
    pub seed: u64,
    pub accept: u32,
    pub lock: u64,
    pub fee_bps: u16,
    pub slash_bps: u16,
    pub late_bps: u16,
    pub draw_slots: u8,
    pub deposited: u64,
    pub paid: u64,
    pub refunded: u64,
    pub fee: u64,
    pub compensated: u64,
    pub bonded: u64,
    pub created: u32,
    pub settled: u32,
    pub failed: u32,
    pub cancelled: u32,
    pub live: u32,
    pub shards: Vec<Option<Shard>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardState {
    Assigned = 1,
    Revealing = 2,
    Settled = 3,
    Failed = 4,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    None = 0,
    Pending = 1,
    NotSelected = 2,
    Audited = 3,
    Challenged = 4,
}

#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub state: ShardState,
    pub commit_by: i64,
    pub reveal_by: i64,
    pub challenge_by: i64,
    pub slot: u64,
    pub attempt: u8,
    pub target: u8,
    pub quorum: u8,
    pub review: Review,
    pub winner: u8,
    pub payer: usize,
    /// Whether its account is closed.
    pub closed: bool,
    pub seats: [Option<Seat>; 5],
    pub challenge: Option<Challenge>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenge {
    pub by: Party,
    pub seat: usize,
    pub bond: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Assigned = 1,
    Committed = 2,
    Revealed = 3,
    Agreed = 4,
    Disagreed = 5,
    Late = 6,
    Released = 7,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub worker: usize,
    pub price: u64,
    pub attempt: u8,
    pub status: Status,
    /// The commitment, and after the reveal the root.
    pub digest: [u8; 32],
    /// The committed result.
    pub answer: Option<Answer>,
    pub delivered: bool,
}

impl Seat {
    pub(crate) fn is_live(&self) -> bool {
        matches!(
            self.status,
            Status::Assigned | Status::Committed | Status::Revealed
        )
    }
}

impl Shard {
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.state, ShardState::Assigned | ShardState::Revealing)
    }

    /// Live seats with their numbers.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, &Seat)> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(at, seat)| seat.as_ref().filter(|s| s.is_live()).map(|s| (at, s)))
    }

    pub(crate) fn seats_in(&self, status: Status) -> Vec<u8> {
        let seats = self.seats.iter().enumerate();
        let fitting = seats.filter(|(_, seat)| seat.is_some_and(|s| s.status == status));
        fitting.map(|(at, _)| at as u8).collect()
    }

    /// Seats whose result is revealed and not delivered.
    pub(crate) fn undelivered(&self) -> Vec<u8> {
        let waiting = self
            .live()
            .filter(|(_, s)| s.status == Status::Revealed && !s.delivered);
        waiting.map(|(at, _)| at as u8).collect()
    }

    /// Whether there are live seats and all of them revealed the same result.
    pub(crate) fn is_unanimous(&self) -> bool {
        let shown = |seat: &Seat| (seat.status == Status::Revealed).then_some(seat.answer);
        let first = self.live().next().and_then(|(_, seat)| shown(seat));
        first.is_some() && self.live().all(|(_, seat)| shown(seat) == first)
    }

    pub(crate) fn count(&self, status: Status) -> usize {
        self.seats_in(status).len()
    }

    pub(crate) fn free(&self) -> usize {
        match self.state {
            ShardState::Assigned => usize::from(self.target).saturating_sub(self.live().count()),
            _ => 0,
        }
    }

    /// Whether an orchestrator may attest a revealed result of a challengeable job at `now`.
    pub(crate) fn attestable(&self, now: i64) -> bool {
        match self.review {
            Review::Challenged => self.state == ShardState::Revealing,
            _ => now < self.challenge_by,
        }
    }

    /// Whether a committed seat may reveal its result at `now`.
    pub(crate) fn reveals_open(&self, now: i64) -> bool {
        let bound = self.count(Status::Committed) + self.count(Status::Revealed);
        match self.review {
            Review::Pending => false,
            _ if now >= self.commit_by => bound >= usize::from(self.quorum),
            _ => self.count(Status::Assigned) == 0 && bound >= usize::from(self.target),
        }
    }

    /// Whether one seat is enough for now.
    pub(crate) fn single(&self, job: &Job) -> bool {
        job.terms.mode != Mode::Quorum
            && !matches!(self.review, Review::Audited | Review::Challenged)
    }

    /// Starts the windows of a round.
    pub(crate) fn start(&mut self, terms: &Terms, now: i64) {
        self.commit_by = now + i64::from(terms.commit);
        self.reveal_by = self.commit_by + i64::from(terms.reveal);
        self.state = ShardState::Assigned;
    }

    /// Starts another attempt, whose seats are free from `slot` on.
    pub(crate) fn next_attempt(&mut self, slot: u64) {
        self.attempt += 1;
        self.slot = slot;
    }
}

impl Terms {
    /// Length of a round, seconds.
    pub(crate) fn round(&self) -> i64 {
        i64::from(self.commit) + i64::from(self.reveal)
    }

    /// Minimum time before the deadline for the first round, seconds.
    pub(crate) fn first(&self) -> i64 {
        match self.mode {
            Mode::Quorum => self.round(),
            Mode::Audit => 2 * self.round() + 60,
            Mode::Challenge => 2 * self.round() + i64::from(self.challenge),
        }
    }
}

impl Job {
    /// Whether a round that starts at `now` ends by the deadline.
    pub(crate) fn fits(&self, now: i64) -> bool {
        now + self.terms.round() <= self.terms.deadline
    }

    pub(crate) fn held(&self) -> u64 {
        self.deposited + self.compensated - self.paid - self.refunded - self.fee
    }

    pub(crate) fn unassigned(&self) -> u32 {
        match self.state {
            JobState::Open => self.terms.shards - self.created,
            _ => 0,
        }
    }

    pub(crate) fn finished(&self) -> bool {
        self.settled + self.failed + self.cancelled == self.terms.shards
    }

    /// The highest cost of this many seats.
    pub(crate) fn cost(&self, seats: u8) -> u64 {
        let pay = self.terms.price_cap * self.terms.max_units * u64::from(seats);
        pay + share(pay, u64::from(self.fee_bps))
    }

    /// The error for a missing shard. In a job's own account, it is read as a shard without a state.
    fn no_shard(&self) -> ModelError {
        ModelError(match self.terms.shards {
            1 => "WrongShardState",
            _ => NOT_THERE,
        })
    }

    /// Refuses if the shard should have an account of its own and does not exist.
    pub(crate) fn need_account(&self, index: u32) -> ModelResult {
        match self.terms.shards {
            1 => Ok(()),
            _ => self.shard(index).map(|_| ()),
        }
    }

    pub(crate) fn shard(&self, index: u32) -> ModelResult<&Shard> {
        let shard = self.shards.get(index as usize).and_then(Option::as_ref);
        shard.filter(|s| !s.closed).ok_or(self.no_shard())
    }

    pub(crate) fn shard_mut(&mut self, index: u32) -> ModelResult<&mut Shard> {
        let none = self.no_shard();
        let shard = self.shards.get_mut(index as usize).and_then(Option::as_mut);
        shard.filter(|s| !s.closed).ok_or(none)
    }
}
