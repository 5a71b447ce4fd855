//! The order in which providers are asked, and the record of a selection: everything needed to
//! recompute which providers an orchestrator should have selected.
//!
//! The lower price comes first, then the higher score. Ties are broken on a hash ring: each provider
//! and each shard has a position, and the first provider at or after the shard's position is
//! selected. No one can choose the position of a shard, because it depends on the job's address, and
//! no provider keeps a good position, because it changes with each seat that the provider finishes.
//! Both positions are hashes of on-chain values.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::hash::sha256;
use crate::key::Key;

/// A position on the hash ring.
pub type RingPosition = u64;

/// Position of a provider that has finished `finished_seats` seats (agreed, disagreed or late): the
/// first 8 bytes of `sha256("millrace/ring/v1" ‖ provider ‖ finished_seats)`, little-endian.
pub fn provider_position(provider: &[u8; 32], finished_seats: u64) -> RingPosition {
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        provider,
        &finished_seats.to_le_bytes(),
    ]))
}

/// Position at which the search for an attempt of a shard begins: the first 8 bytes of
/// `sha256("millrace/ring/v1" ‖ job ‖ shard ‖ attempt)`, little-endian.
pub fn shard_position(job: &[u8; 32], shard: u32, attempt: u8) -> RingPosition {
    first_bytes(sha256(&[
        b"millrace/ring/v1",
        job,
        &shard.to_le_bytes(),
        &[attempt],
    ]))
}

fn first_bytes(digest: [u8; 32]) -> RingPosition {
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Sort key of a provider for one shard; the lowest comes first.
pub type Rank = (u64, Reverse<u64>, u64, [u8; 32]);

/// The rank of a provider with the position `place` for the shard with the position `point`.
pub fn rank(
    ask_price: u64,
    score: u64,
    place: RingPosition,
    point: RingPosition,
    provider: &[u8; 32],
) -> Rank {
    let distance = place.wrapping_sub(point);
    (ask_price, Reverse(score), distance, *provider)
}

/// Why a provider cannot take a seat. The order is that in which an orchestrator checks: first what the
/// program refuses, by the name of the program's error and in the program's order, then what only the
/// orchestrator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// The provider does not meet the job's requirement.
    #[serde(alias = "not_eligible")]
    ProviderNotEligible,
    /// The provider asks more than the job pays.
    #[serde(alias = "too_dear")]
    PriceAboveCap,
    /// The seat would lock more stake than the provider allows for one seat.
    LockAboveMaximum,
    /// The provider's stake is below the network's minimum.
    #[serde(alias = "under_staked")]
    StakeBelowMinimum,
    /// The provider has a seat of this shard.
    AlreadySeated,
    /// Sortition applies, and the provider registered after the job was posted.
    RegisteredAfterPosting,
    /// Sortition does not admit the provider yet.
    #[serde(alias = "not_drawn")]
    NotAdmittedYet,
    /// The provider holds as many seats as its account allows.
    ProviderAtCapacity,
    /// The provider's free stake does not cover the seat.
    #[serde(alias = "stake_locked")]
    InsufficientFreeStake,
    /// The provider's agent is not connected, or accepts no new work.
    #[serde(alias = "away")]
    AgentOffline,
    /// The provider's agent runs as many shards as it can.
    #[serde(alias = "full")]
    AgentAtCapacity,
    /// The provider failed this shard, or several shards of this job.
    #[serde(alias = "tried_here")]
    AlreadyTried,
}

impl Ineligible {
    /// Every reason, in declaration order.
    pub const ALL: [Self; 12] = [
        Self::ProviderNotEligible,
        Self::PriceAboveCap,
        Self::LockAboveMaximum,
        Self::StakeBelowMinimum,
        Self::AlreadySeated,
        Self::RegisteredAfterPosting,
        Self::NotAdmittedYet,
        Self::ProviderAtCapacity,
        Self::InsufficientFreeStake,
        Self::AgentOffline,
        Self::AgentAtCapacity,
        Self::AlreadyTried,
    ];

    /// The name in metrics and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProviderNotEligible => "provider_not_eligible",
            Self::PriceAboveCap => "price_above_cap",
            Self::LockAboveMaximum => "lock_above_maximum",
            Self::StakeBelowMinimum => "stake_below_minimum",
            Self::AlreadySeated => "already_seated",
            Self::RegisteredAfterPosting => "registered_after_posting",
            Self::NotAdmittedYet => "not_admitted_yet",
            Self::ProviderAtCapacity => "provider_at_capacity",
            Self::InsufficientFreeStake => "insufficient_free_stake",
            Self::AgentOffline => "agent_offline",
            Self::AgentAtCapacity => "agent_at_capacity",
            Self::AlreadyTried => "already_tried",
        }
    }

    /// The reason in words that follow a number of providers: "3 not connected".
    pub fn description(self) -> &'static str {
        match self {
            Self::ProviderNotEligible => "not meeting the requirement",
            Self::PriceAboveCap => "asking more than the job pays",
            Self::LockAboveMaximum => "allowing less stake for a seat",
            Self::StakeBelowMinimum => "below the minimum stake",
            Self::AlreadySeated => "already seated",
            Self::RegisteredAfterPosting => "registered after the job was posted",
            Self::NotAdmittedYet => "not admitted yet",
            Self::ProviderAtCapacity => "with all seats taken",
            Self::InsufficientFreeStake => "without enough free stake",
            Self::AgentOffline => "not connected",
            Self::AgentAtCapacity => "at capacity",
            Self::AlreadyTried => "already tried",
        }
    }
}

/// A provider that was considered for a seat, as it was then. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateRecord {
    /// Address of the provider's account.
    pub provider: Key,
    /// Asking price per unit.
    pub ask_price: u64,
    /// Verified speed, fuel per second.
    pub score: u64,
    /// Seats that the provider had finished: agreed, disagreed and late.
    #[serde(alias = "ended")]
    pub finished_seats: u64,
    /// Active stake.
    #[serde(alias = "active")]
    pub active_stake: u64,
    /// Active stake that no seat had locked.
    pub free_stake: u64,
    /// Free stake that was promised to other shards in the same plan.
    #[serde(alias = "promised")]
    pub promised_stake: u64,
    /// Why the provider was not selected; `None` if it was.
    #[serde(alias = "obstacle")]
    pub ineligible: Option<Ineligible>,
}

impl CandidateRecord {
    /// The rank for the shard with the position `point`.
    pub fn rank(&self, point: RingPosition) -> Rank {
        let place = provider_position(&self.provider.0, self.finished_seats);
        rank(self.ask_price, self.score, place, point, &self.provider.0)
    }
}

/// Which providers an orchestrator selected for free seats of a shard, and the values that it
/// selected by. Amounts are base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionRecord {
    /// Index of the shard.
    pub shard: u32,
    /// Attempt of the shard.
    pub attempt: u8,
    /// Slot of the accounts that the selection used.
    pub slot: u64,
    /// Slot since which the seats were free.
    #[serde(alias = "since")]
    pub free_since: u64,
    /// The job's seed; 0 if sortition admitted every provider at once.
    pub seed: u64,
    /// The network's sortition threshold.
    pub sortition_start: u64,
    /// The network's minimum stake.
    pub min_stake: u64,
    /// Highest price that the job pays for a unit.
    pub price_cap: u64,
    /// Stake that a seat locks.
    pub seat_lock: u64,
    /// Number of free seats.
    #[serde(alias = "seats")]
    pub free_seats: usize,
    /// The candidates by rank, down to the last selected one.
    pub candidates: Vec<CandidateRecord>,
    /// Candidates ranked before the last selected one that did not fit in the list.
    pub unlisted: usize,
    /// Whether providers that could take no seat at all then (offline, at capacity, below the
    /// minimum stake) are listed too.
    #[serde(alias = "whole")]
    pub complete: bool,
}

impl SelectionRecord {
    /// The price at which a provider was selected, base units per unit; the price cap if the record does not
    /// have it.
    pub fn price_of(&self, provider: &[u8; 32]) -> u64 {
        let mut candidates = self.candidates.iter();
        let found = candidates.find(|candidate| candidate.provider.0 == *provider);
        found.map_or(self.price_cap, |candidate| candidate.ask_price)
    }
}

impl SelectionRecord {
    /// The selected providers.
    pub fn chosen(&self) -> impl Iterator<Item = &CandidateRecord> {
        let candidates = self.candidates.iter();
        candidates.filter(|candidate| candidate.ineligible.is_none())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ranks_sort_by_price_then_score_then_ring_distance() {
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
    fn positions_change_with_each_finished_seat_and_each_attempt() {
        assert_ne!(
            provider_position(&[1; 32], 0),
            provider_position(&[1; 32], 1)
        );
        assert_ne!(
            provider_position(&[1; 32], 0),
            provider_position(&[2; 32], 0)
        );
        assert_ne!(
            shard_position(&[1; 32], 0, 0),
            shard_position(&[1; 32], 0, 1)
        );
        assert_ne!(
            shard_position(&[1; 32], 0, 0),
            shard_position(&[1; 32], 1, 0)
        );
        // sha256 of the 16 bytes, 32 zeros and 8 zeros.
        let known = sha256(&[b"millrace/ring/v1", &[0; 40]]);
        assert_eq!(provider_position(&[0; 32], 0).to_le_bytes(), known[..8]);
    }

    #[test]
    fn a_reason_has_its_index_and_one_name_everywhere() {
        for (at, reason) in Ineligible::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.as_str()));
        }
    }

    #[test]
    fn a_record_of_an_older_version_is_read() {
        let key = Key([1; 32]);
        let old = format!(
            r#"{{"shard":1,"attempt":2,"slot":3,"since":4,"seed":5,"sortition_start":6,
            "min_stake":7,"price_cap":8,"seat_lock":9,"seats":1,"candidates":[
            {{"provider":"{key}","ask_price":1,"score":2,"ended":3,"active":4,"free_stake":5,
              "promised":6,"obstacle":"too_dear"}}],"unlisted":0,"whole":true}}"#
        );
        let record: SelectionRecord = serde_json::from_str(&old).unwrap();
        assert_eq!((record.free_since, record.free_seats), (4, 1));
        assert!(record.complete);
        let [candidate] = &record.candidates[..] else {
            panic!("{record:?}");
        };
        assert_eq!(
            (
                candidate.finished_seats,
                candidate.active_stake,
                candidate.promised_stake
            ),
            (3, 4, 6)
        );
        assert_eq!(candidate.ineligible, Some(Ineligible::PriceAboveCap));
    }
}
