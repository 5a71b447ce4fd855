//! Which providers are asked first, and the record of whom an orchestrator chose: what is needed to
//! recompute a choice.
//!
//! Whoever asks less comes first, then whoever has the higher score. Equal ones are put on a ring: every
//! provider has a place on it and every shard a point, and the first provider at or after the point sits
//! down. Nobody can choose a point, for it hangs on the job's address, and nobody keeps a good place: it
//! changes with each seat that ends. Both are hashes of what is on chain.

use crate::hash::sha256;
use crate::key::Key;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// A place or a point on the ring.
pub type Place = u64;

/// Where a provider is, which has `ended` seats behind it (right, wrong and late):
/// `sha256("millrace/ring/v1" ‖ provider ‖ ended)`, its first 8 bytes.
pub fn place_of(provider: &[u8; 32], ended: u64) -> Place {
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        provider,
        &ended.to_le_bytes(),
    ]))
}

/// Where a shard's search begins at an attempt: `sha256("millrace/ring/v1" ‖ job ‖ shard ‖ attempt)`, its
/// first 8 bytes.
pub fn point_of(job: &[u8; 32], shard: u32, attempt: u8) -> Place {
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        job,
        &shard.to_le_bytes(),
        &[attempt],
    ]))
}

fn first_bytes(digest: [u8; 32]) -> Place {
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// What providers are ordered by for a shard; the least comes first.
pub type Rank = (u64, Reverse<u64>, u64, [u8; 32]);

/// The rank of a provider with this asking price, score and place, for a shard with this point.
pub fn rank(ask_price: u64, score: u64, place: Place, point: Place, provider: &[u8; 32]) -> Rank {
    let way = place.wrapping_sub(point);
    (ask_price, Reverse(score), way, *provider)
}

/// Why a provider is not seated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It does not meet the requirement.
    NotEligible,
    /// It asks more than the job pays.
    TooDear,
    /// Its stake is below the network's minimum.
    UnderStaked,
    /// Its free stake does not cover the seat.
    StakeLocked,
    /// No agent of it is connected.
    Away,
    /// It works on as many shards as it can.
    Full,
    /// It sits there, or failed this job before.
    TriedHere,
    /// Sortition does not admit it yet.
    NotDrawn,
}

/// All of them, in their order.
pub const OBSTACLES: [Obstacle; 8] = [
    Obstacle::NotEligible,
    Obstacle::TooDear,
    Obstacle::UnderStaked,
    Obstacle::StakeLocked,
    Obstacle::Away,
    Obstacle::Full,
    Obstacle::TriedHere,
    Obstacle::NotDrawn,
];

impl Obstacle {
    /// Its name in metrics and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotEligible => "not_eligible",
            Self::TooDear => "too_dear",
            Self::UnderStaked => "under_staked",
            Self::StakeLocked => "stake_locked",
            Self::Away => "away",
            Self::Full => "full",
            Self::TriedHere => "tried_here",
            Self::NotDrawn => "not_drawn",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotEligible => "not meeting the requirement",
            Self::TooDear => "asking more than the job pays",
            Self::UnderStaked => "under the minimum stake",
            Self::StakeLocked => "without enough free stake",
            Self::Away => "not connected",
            Self::Full => "full",
            Self::TriedHere => "tried before",
            Self::NotDrawn => "not drawn yet",
        }
    }
}

/// A provider that was looked at, as it was then. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its account.
    pub provider: Key,
    /// Asking price per unit.
    pub ask_price: u64,
    /// Verified speed, fuel per second.
    pub score: u64,
    /// Seats behind it: right, wrong and late.
    pub ended: u64,
    /// Active stake.
    pub active: u64,
    /// Part of it that no seat has locked.
    pub free_stake: u64,
    /// Part of that which was promised to other shards at the same moment.
    pub promised: u64,
    /// Why it was passed over; none where it was chosen.
    pub obstacle: Option<Obstacle>,
}

impl Candidate {
    /// Its rank for a shard with this point.
    pub fn rank(&self, point: Place) -> Rank {
        let place = place_of(&self.provider.0, self.ended);
        rank(self.ask_price, self.score, place, point, &self.provider.0)
    }
}

/// Whom an orchestrator chose for free seats of a shard, and by what. Amounts are base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The shard.
    pub shard: u32,
    /// Its attempt.
    pub attempt: u8,
    /// The slot by whose accounts it chose.
    pub slot: u64,
    /// Slot since which the seats were free.
    pub since: u64,
    /// The job's seed; 0 where everyone was admitted at once.
    pub seed: u64,
    /// The network's threshold of sortition.
    pub sortition_start: u64,
    /// The network's least stake.
    pub min_stake: u64,
    /// What the job paid a unit at the most.
    pub price_cap: u64,
    /// Stake that a seat locks.
    pub seat_lock: u64,
    /// Seats that were free.
    pub seats: usize,
    /// The best first, down to the last that was chosen.
    pub candidates: Vec<Candidate>,
    /// Those before the last chosen one that found no room in this list.
    pub unlisted: usize,
    /// Whether providers that could not take any seat then (away, full, under-staked) are listed too.
    pub whole: bool,
}

impl Choice {
    /// Who was chosen.
    pub fn chosen(&self) -> impl Iterator<Item = &Candidate> {
        let candidates = self.candidates.iter();
        candidates.filter(|candidate| candidate.obstacle.is_none())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn less_and_faster_come_first_and_then_whoever_is_next_on_the_ring() {
        let of = |ask, score, place| rank(ask, score, place, 100, &[0; 32]);
        let mut ranks = [
            of(2, 9, 100),
            of(1, 5, 99),
            of(1, 5, 101),
            of(1, 6, 0),
            of(1, 5, 100),
        ];
        ranks.sort();
        assert_eq!(
            ranks,
            [
                of(1, 6, 0),
                of(1, 5, 100),
                of(1, 5, 101),
                of(1, 5, 99),
                of(2, 9, 100)
            ]
        );
    }

    #[test]
    fn a_place_changes_with_each_seat_that_ends_and_a_point_with_each_attempt() {
        assert_ne!(place_of(&[1; 32], 0), place_of(&[1; 32], 1));
        assert_ne!(place_of(&[1; 32], 0), place_of(&[2; 32], 0));
        assert_ne!(point_of(&[1; 32], 0, 0), point_of(&[1; 32], 0, 1));
        assert_ne!(point_of(&[1; 32], 0, 0), point_of(&[1; 32], 1, 0));
        // Known: sha256 of the 16 bytes, 32 zeros and 8 zeros.
        let known = sha256(&[b"millrace/ring/v1", &[0; 40]]);
        assert_eq!(place_of(&[0; 32], 0).to_le_bytes(), known[..8]);
    }

    #[test]
    fn an_obstacle_has_its_place_and_the_same_name_everywhere() {
        for (at, obstacle) in OBSTACLES.into_iter().enumerate() {
            assert_eq!(obstacle as usize, at);
            let json = serde_json::to_string(&obstacle).unwrap();
            assert_eq!(json, format!("\"{}\"", obstacle.name()));
        }
    }
}
