//! Who is to sit where: those whom the program would admit and who are there, by price and score, ties
//! by a hash that anyone can recompute.

use super::{AgentView, Situation};
use millrace_chain::Pubkey;
use millrace_chain::program::math::sortition::{EVERYONE, Ticket, admits};
use millrace_chain::program::state::{Job, Network, Provider, Shard};
use millrace_protocol::hash::sha256;
use std::collections::HashMap;

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
    /// It failed this shard before, or sits there already.
    TriedHere,
    /// Sortition does not admit it yet.
    NotDrawn,
}

/// The way to free seats of a shard: what sortition depends on besides job and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The shard.
    pub shard: u32,
    /// Its attempt.
    pub attempt: u8,
    /// Slot since which seats have been free.
    pub since: u64,
}

impl Door {
    /// To a shard that nobody has taken a seat at.
    pub fn new_shard(job: &Job, shard: u32) -> Self {
        Self {
            shard,
            attempt: 0,
            since: job.seed_slot,
        }
    }

    /// To a shard that is under way.
    pub fn of(shard: &Shard) -> Self {
        Self {
            shard: shard.index,
            attempt: shard.attempt,
            since: shard.slot,
        }
    }
}

/// Providers with what this plan has already given them.
pub struct Bench<'a> {
    situation: &'a Situation<'a>,
    min_stake: u64,
    sortition_start: u64,
    load: HashMap<Pubkey, Load>,
}

#[derive(Clone, Copy, Default)]
struct Load {
    seats: u32,
    locked: u64,
}

impl<'a> Bench<'a> {
    /// Counts what each agent is working on: seats whose commitment is not handed in yet, and those in
    /// assignments under way.
    pub fn new(situation: &'a Situation<'a>, network: &Network) -> Self {
        let mut load: HashMap<Pubkey, Load> = HashMap::new();
        for shard in situation.picture.shards().filter(|s| s.is_live()) {
            let working = shard.seats.iter().filter(|seat| {
                seat.status() == millrace_chain::program::state::SeatStatus::Assigned
            });
            for seat in working {
                let key = crate::desk::SeatKey {
                    job: shard.job,
                    shard: shard.index,
                    attempt: seat.attempt,
                    provider: seat.provider,
                };
                if !situation.papers.handed_in.contains_key(&key) {
                    load.entry(seat.provider).or_default().seats += 1;
                }
            }
        }
        for provider in situation.reserved {
            load.entry(*provider).or_default().seats += 1;
        }
        Self {
            situation,
            min_stake: network.min_stake,
            sortition_start: network.sortition_start,
            load,
        }
    }

    /// Whether seats of the job wait for its seed.
    pub fn needs_seed(&self, job: &Job) -> bool {
        self.sortition_start != EVERYONE && job.seed == 0
    }

    /// The first thing that keeps a provider from a shard, if any.
    pub fn obstacle(
        &self,
        (address, job): (Pubkey, &Job),
        door: Door,
        (key, provider): (&Pubkey, &Provider),
        seated: &[Pubkey],
    ) -> Option<Obstacle> {
        let load = self.load.get(key).copied().unwrap_or_default();
        let failed = self.situation.papers.failed.get(&(address, door.shard));
        let tried = seated.contains(key) || failed.is_some_and(|f| f.contains_key(key));
        let agent = self.situation.agents.get(key);
        let away = agent.is_none_or(|agent: &AgentView| agent.draining);
        let capacity = agent.map_or(0, |agent| agent.capacity);
        let seats_full = u32::from(provider.open_seats) >= u32::from(provider.max_open_seats);
        let free = provider.free_stake().saturating_sub(load.locked);
        let checks = [
            (!job.admits(provider), Obstacle::NotEligible),
            (provider.ask_price > job.price_cap, Obstacle::TooDear),
            (provider.active < self.min_stake, Obstacle::UnderStaked),
            (away, Obstacle::Away),
            (tried, Obstacle::TriedHere),
            (free < job.seat_lock, Obstacle::StakeLocked),
            (load.seats >= capacity || seats_full, Obstacle::Full),
            (
                !self.admits(job, address, door, (key, provider)),
                Obstacle::NotDrawn,
            ),
        ];
        checks
            .iter()
            .find(|(stands, _)| *stands)
            .map(|(_, obstacle)| *obstacle)
    }

    fn admits(
        &self,
        job: &Job,
        address: Pubkey,
        door: Door,
        (key, provider): (&Pubkey, &Provider),
    ) -> bool {
        let ticket = Ticket {
            seed: job.seed,
            job: address.as_array(),
            shard: door.shard,
            attempt: door.attempt,
            provider: key.as_array(),
        };
        let waited = self.situation.slot.saturating_sub(door.since);
        admits(self.sortition_start, provider.free_stake(), waited, &ticket)
    }

    /// Chooses up to `wanted` providers for a shard, or nobody where fewer than `least` are free.
    /// Whoever is chosen counts as busier for the rest of this plan.
    pub fn seat(
        &mut self,
        job: (Pubkey, &Job),
        door: Door,
        seated: &[Pubkey],
        wanted: usize,
        least: usize,
    ) -> Option<Vec<Pubkey>> {
        let providers = self.situation.picture.providers();
        let mut free: Vec<_> = providers
            .iter()
            .filter(|candidate| self.obstacle(job, door, *candidate, seated).is_none())
            .map(|(key, p)| {
                (
                    p.ask_price,
                    u64::MAX - p.score,
                    tie(&job.0, door.shard, door.attempt, key),
                    *key,
                )
            })
            .collect();
        if free.len() < least.max(1) {
            return None;
        }
        free.sort_unstable();
        let chosen: Vec<Pubkey> = free.into_iter().take(wanted).map(|(.., key)| key).collect();
        for key in &chosen {
            let load = self.load.entry(*key).or_default();
            load.seats += 1;
            load.locked = load.locked.saturating_add(job.1.seat_lock);
        }
        Some(chosen)
    }
}

/// `sha256(job ‖ shard ‖ attempt ‖ provider)`: spreads equal offers evenly, and nobody can choose it.
fn tie(job: &Pubkey, shard: u32, attempt: u8, provider: &Pubkey) -> [u8; 32] {
    sha256(&[
        job.as_ref(),
        &shard.to_le_bytes(),
        &[attempt],
        provider.as_ref(),
    ])
}
