//! What keeps providers from a job, by name.

use super::matcher::{Matcher, Vacancy};
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_protocol::selection::{OBSTACLES, Obstacle};

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
    matcher: &Matcher,
    (address, job): (Pubkey, &Job),
    (key, provider): (&Pubkey, &Provider),
) -> Option<Obstacle> {
    // Numbers past the last shard have no history: what stands in the way of any shard.
    let vacancy = Vacancy::new_shard(job, u32::MAX);
    let found = if !job.admits(provider) {
        Obstacle::NotEligible
    } else if provider.ask_price > job.price_cap {
        Obstacle::TooDear
    } else if matcher.is_under_staked(provider) {
        Obstacle::UnderStaked
    } else if !matcher.is_online(key) {
        Obstacle::Away
    } else if matcher.is_tried(address, vacancy.shard, key, &[]) {
        Obstacle::TriedHere
    } else if provider.free_stake() < job.seat_lock {
        Obstacle::StakeLocked
    } else if matcher.room_of(key, provider) == 0 {
        Obstacle::Full
    } else if !matcher.is_admitted((address, job), vacancy, (key, provider)) {
        Obstacle::NotDrawn
    } else {
        return None;
    };
    Some(found)
}
