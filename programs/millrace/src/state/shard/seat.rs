use crate::prelude::*;

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
    /// Units revealed.
    pub units: u64,
    /// See [`SeatStatus`].
    pub status: u8,
    /// The shard's attempt at which it was assigned.
    pub attempt: u8,
    /// 1 once an orchestrator or the client has said that it has the output.
    pub delivered: u8,
    /// Explicit padding.
    pub padding: [u8; 5],
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
    Agreed = 4,
    /// It showed another result than the quorum's.
    Disagreed = 5,
    /// It did not commit or reveal in time.
    Late = 6,
    /// Released without payment or penalty.
    Released = 7,
}

impl Seat {
    /// The status; a number that this version does not know counts as released.
    pub fn status(&self) -> SeatStatus {
        match self.status {
            0 => SeatStatus::Empty,
            1 => SeatStatus::Assigned,
            2 => SeatStatus::Committed,
            3 => SeatStatus::Revealed,
            4 => SeatStatus::Agreed,
            5 => SeatStatus::Disagreed,
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
