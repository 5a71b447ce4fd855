//! What is written to the store without a transaction.

use crate::desk::SeatKey;
use crate::plan::Action;
use millrace_chain::Pubkey;

/// What a write is about: two of the same are never under way together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Record {
    /// A seat that is over.
    Seat(SeatKey),
    /// The result of a shard.
    Result(Pubkey, u32),
}

impl Record {
    /// What an action writes; `None` where it writes nothing.
    pub(super) fn of(action: &Action) -> Option<Self> {
        match action {
            Action::Release { seat, .. } => Some(Self::Seat(*seat)),
            Action::File { job, shard, .. } => Some(Self::Result(*job, *shard)),
            _ => None,
        }
    }
}
