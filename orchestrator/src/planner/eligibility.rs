//! What keeps providers from a job, by name.

use super::matcher::{Matcher, Vacancy};
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, Provider};
use millrace_protocol::selection::Ineligible;

/// How many providers each reason excludes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; Ineligible::ALL.len()]);

impl Counts {
    /// Counts providers that something keeps away.
    pub fn add(&mut self, reason: Ineligible, providers: usize) {
        self.0[reason as usize] += providers;
    }

    /// Providers that anything keeps away.
    pub fn sum(&self) -> usize {
        self.0.iter().sum()
    }

    /// The reasons that exclude a provider, each with the number of providers.
    pub fn iter(&self) -> impl Iterator<Item = (Ineligible, usize)> {
        let all = Ineligible::ALL.into_iter().zip(self.0);
        all.filter(|(_, count)| *count > 0)
    }
}

/// The first thing that keeps a provider from any shard of a job.
pub fn check(
    matcher: &Matcher,
    (address, job): (Pubkey, &Job),
    (key, provider): (&Pubkey, &Provider),
) -> Option<Ineligible> {
    // Numbers past the last shard have no history: what stands in the way of any shard.
    let vacancy = Vacancy::new_shard(job, u32::MAX);
    let found = if !job.admits(provider) {
        Ineligible::RequirementNotMet
    } else if provider.ask_price > job.price_cap {
        Ineligible::PriceAboveCap
    } else if matcher.is_under_staked(provider) {
        Ineligible::UnderStaked
    } else if !matcher.is_online(key) {
        Ineligible::AgentOffline
    } else if matcher.is_tried(address, vacancy.shard, key, &[]) {
        Ineligible::AlreadyTried
    } else if provider.free_stake() < job.seat_lock {
        Ineligible::StakeLocked
    } else if matcher.room_of(key, provider) == 0 {
        Ineligible::AtCapacity
    } else if !matcher.is_admitted((address, job), vacancy, (key, provider)) {
        Ineligible::NotAdmitted
    } else {
        return None;
    };
    Some(found)
}
