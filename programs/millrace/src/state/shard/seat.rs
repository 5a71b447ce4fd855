//! The seats of a shard.

use crate::prelude::*;

/// A provider's place in a shard.
#[zero_copy]
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The provider's account; all zeros if the seat is empty.
    pub provider: Pubkey,
    /// The commitment; once revealed, the root of the result.
    pub digest: [u8; 32],
    /// Price agreed at assignment, base units per unit.
    pub price: u64,
    /// Units revealed.
    pub units: u64,
    /// See [`SeatStatus`].
    pub status: u8,
    /// The shard's attempt when the seat was assigned.
    pub attempt: u8,
    /// 1 once an orchestrator or the client has confirmed that it has the output.
    pub delivered: u8,
    pub padding: [u8; 5],
}

/// The status of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SeatStatus {
    /// No provider holds the seat.
    Empty = 0,
    /// A provider holds the seat and has not committed.
    Assigned = 1,
    /// A commitment is recorded.
    Committed = 2,
    /// The result is revealed.
    Revealed = 3,
    /// Paid, because the result is the quorum's.
    Agreed = 4,
    /// Slashed, because the result differs from the quorum's.
    Disagreed = 5,
    /// Penalized, because the provider did not commit or reveal in time.
    Late = 6,
    /// Released without payment or penalty.
    Released = 7,
}

impl Seat {
    pub const BYTES: usize = std::mem::size_of::<Self>();

    /// A number that this version does not support counts as released.
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

    /// Whether both seats have revealed the same root and units.
    pub fn agrees_with(&self, other: &Seat) -> bool {
        self.status == other.status
            && self.status() == SeatStatus::Revealed
            && self.digest == other.digest
            && self.units == other.units
    }

    /// Whether a provider holds the seat, with stake locked for it.
    pub fn is_live(&self) -> bool {
        matches!(
            self.status(),
            SeatStatus::Assigned | SeatStatus::Committed | SeatStatus::Revealed
        )
    }
}
