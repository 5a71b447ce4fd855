//! Seats: their keys, and how they ended.

use crate::submissions::model::SeatKey;
use millrace_client::cache::accounts::AccountCache;
use millrace_client::program::state::{Seat, SeatStatus, Shard};

/// The key under which submissions for a seat are stored.
pub(super) fn seat_key(shard: &Shard, seat: &Seat) -> SeatKey {
    SeatKey {
        job: shard.job,
        shard: shard.index,
        attempt: seat.attempt,
        provider: seat.provider,
    }
}

/// How a seat ended, in words for its agent. `None` if it has not ended or if the accounts do not show it:
/// they may be older than the seat.
pub(super) fn seat_ending(cache: &AccountCache, key: &SeatKey) -> Option<&'static str> {
    match cache.shard(&key.job, key.shard) {
        Some(shard) if shard.is_live() => {
            let seat = seat_of(shard, key);
            let has_ended = seat.map_or(shard.attempt > key.attempt, |seat| !seat.is_live());
            has_ended.then(|| ending_in(shard, key))
        }
        Some(shard) => Some(ending_in(shard, key)),
        // The shard may not have been read yet. Only the end of its job is conclusive.
        None if cache.jobs().contains_key(&key.job) => None,
        None => Some("closed"),
    }
}

fn seat_of<'a>(shard: &'a Shard, key: &SeatKey) -> Option<&'a Seat> {
    let mut seats = shard.seats.iter();
    seats.find(|seat| seat.provider == key.provider && seat.attempt == key.attempt)
}

fn ending_in(shard: &Shard, key: &SeatKey) -> &'static str {
    match seat_of(shard, key).map(Seat::status) {
        Some(SeatStatus::Agreed) => "paid",
        Some(SeatStatus::Disagreed) => "slashed: the quorum has another result",
        Some(SeatStatus::Late) => "late",
        Some(SeatStatus::Released) => "released without payment",
        _ => "the seat has ended",
    }
}
