//! What keeps providers from a job, by name.

use super::market::{Door, Market};
use millrace_chain::Pubkey;
use millrace_chain::program::state::{Job, Provider};

/// Why a provider is not seated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// It failed this job before.
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
    /// Its name in metrics.
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

    /// What is said of the providers that it keeps away.
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

/// How many providers each obstacle keeps away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; OBSTACLES.len()]);

impl Counts {
    /// Counts providers that something keeps away.
    pub fn add(&mut self, obstacle: Obstacle, providers: usize) {
        self.0[obstacle as usize] += providers;
    }

    /// Providers that anything keeps away.
    pub fn sum(&self) -> usize {
        self.0.iter().sum()
    }

    /// The obstacles that keep anybody away, with how many.
    pub fn iter(&self) -> impl Iterator<Item = (Obstacle, usize)> {
        let all = OBSTACLES.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }
}

/// The first thing that keeps a provider from any shard of a job.
pub fn obstacle(
    market: &Market,
    (address, job): (Pubkey, &Job),
    (key, provider): (&Pubkey, &Provider),
) -> Option<Obstacle> {
    // Numbers past the last shard have no history: what stands in the way of any shard.
    let door = Door::new_shard(job, u32::MAX);
    let found = if !job.admits(provider) {
        Obstacle::NotEligible
    } else if provider.ask_price > job.price_cap {
        Obstacle::TooDear
    } else if market.is_under_staked(provider) {
        Obstacle::UnderStaked
    } else if !market.is_there(key) {
        Obstacle::Away
    } else if market.is_tried(address, door.shard, key, &[]) {
        Obstacle::TriedHere
    } else if provider.free_stake() < job.seat_lock {
        Obstacle::StakeLocked
    } else if market.room_of(key, provider) == 0 {
        Obstacle::Full
    } else if !market.is_drawn((address, job), door, (key, provider)) {
        Obstacle::NotDrawn
    } else {
        return None;
    };
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obstacles_stand_at_their_own_places() {
        for (at, obstacle) in OBSTACLES.into_iter().enumerate() {
            assert_eq!(obstacle as usize, at);
        }
    }
}
