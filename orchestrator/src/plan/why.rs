//! Why a job waits, by name.

use super::Situation;
use super::market::{Door, Market};
use millrace_chain::Pubkey;
use millrace_chain::program::state::{Job, JobState, Network, Provider};
use std::collections::BTreeMap;

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

impl Obstacle {
    fn words(self) -> &'static str {
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

/// Says of jobs why they wait.
pub struct Waits<'a> {
    situation: &'a Situation<'a>,
    network: Option<(&'a Network, Market<'a>)>,
}

impl<'a> Waits<'a> {
    /// Looks at the situation once, for any number of jobs.
    pub fn new(situation: &'a Situation<'a>) -> Self {
        let network = situation.picture.network();
        let network = network.map(|network| (network, Market::new(situation, network)));
        Self { situation, network }
    }

    /// Reasons why shards of a job have no seats yet; empty where nothing waits.
    pub fn of(&self, address: Pubkey, job: &Job) -> Vec<String> {
        let Some((network, market)) = &self.network else {
            return vec!["the network has not been read yet".to_owned()];
        };
        if job.state() != Some(JobState::Open) || job.unassigned() == 0 {
            return Vec::new();
        }
        let reason = if !self.situation.papers.ready.contains(&job.manifest) {
            "its manifest or inputs have not been uploaded to this orchestrator"
        } else if !job.first_round_fits(self.situation.now) {
            "no whole round of work fits before its deadline any more"
        } else if network.paused != 0 {
            "the network is paused"
        } else if market.needs_seed(job) {
            "its seed has not been taken from the chain yet"
        } else {
            return self.providers(market, (address, job)).into_iter().collect();
        };
        vec![reason.to_owned()]
    }

    /// What stands in the way of providers, where too few of them are free.
    fn providers(&self, market: &Market, (address, job): (Pubkey, &Job)) -> Option<String> {
        let providers = self.situation.picture.providers();
        let mut counts: BTreeMap<Obstacle, usize> = BTreeMap::new();
        for candidate in providers {
            if let Some(obstacle) = obstacle(market, (address, job), candidate) {
                *counts.entry(obstacle).or_default() += 1;
            }
        }
        let free = providers.len() - counts.values().sum::<usize>();
        if free >= usize::from(job.replicas) {
            return None;
        }
        let mut said = format!(
            "{} of {} providers free, {} needed",
            free,
            providers.len(),
            job.replicas
        );
        for (obstacle, count) in counts {
            said.push_str(&format!(", {count} {}", obstacle.words()));
        }
        Some(said)
    }
}

/// The first thing that keeps a provider from any shard of a job.
fn obstacle(
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
