//! The plan with a network that does not exist: how long planning takes at sizes that no machine here
//! could run, and what clients and providers of such a network would see.
//!
//! The plan is the one that the service runs. Time is virtual: one step is a slot. Jobs come at a steady
//! rate, agents work for a fixed number of slots, and what is assigned, committed and settled takes
//! effect at the next step, as if the chain were never late.

use crate::leases::partition::OwnedPartitions;
use crate::planner::{AgentView, ChainAction, Snapshot, plan};
use crate::submissions::model::Submissions;
use bytemuck::Zeroable;
use millrace_client::accounts::AnyAccount;
use millrace_client::cache::accounts::AccountCache;
use millrace_client::program::state::{
    Job, JobState, Network, Provider, Seat, SeatStatus, Shard, ShardState,
};
use millrace_client::{Pubkey, pda};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Milliseconds of a slot.
const SLOT_MS: i64 = 400;
const MANIFEST: [u8; 32] = [7; 32];
const ME: Pubkey = Pubkey::new_from_array([1; 32]);
/// Different prices that providers ask: a market has ranks, and crowds within them.
const PRICES: u64 = 16;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Connected providers.
    pub providers: usize,
    /// Shards that each runs at the same time.
    pub capacity: u32,
    /// Clients, each with as many jobs as the others.
    pub clients: usize,
    /// Seats of a shard; each job has one.
    pub seats: u8,
    /// `sortition_start` of the network.
    pub sortition_start: u64,
    /// Slots that a shard takes.
    pub work_slots: u64,
}

/// A network that does not exist.
pub struct Simulation {
    scale: Scale,
    cache: AccountCache,
    agents: HashMap<Pubkey, AgentView>,
    submissions: Submissions,
    slot: u64,
    jobs: u64,
    /// Shards at work with the slot at which they are done.
    at_work: VecDeque<(u64, Pubkey, Vec<Pubkey>)>,
    /// Slots that each job waited until it had its seats.
    waited: Vec<u64>,
    posted: HashMap<Pubkey, u64>,
}

/// What one step took and did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step {
    /// Time that the plan took.
    pub plan: Duration,
    /// Shards that got seats.
    pub seated: usize,
    /// Jobs on chain when the plan was made.
    pub jobs: usize,
}

fn key(kind: u8, number: u64) -> Pubkey {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&mixed(number ^ (u64::from(kind) << 56)).to_le_bytes());
    Pubkey::new_from_array(bytes)
}

/// A step of SplitMix64: numbers that look random, the same ones each time.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Simulation {
    /// All providers are there and idle; there is no job yet.
    pub fn new(scale: Scale) -> Self {
        let mut simulation = Self {
            scale,
            cache: AccountCache::default(),
            agents: HashMap::with_capacity(scale.providers),
            submissions: Submissions::default(),
            slot: 1,
            jobs: 0,
            at_work: VecDeque::new(),
            waited: Vec::new(),
            posted: HashMap::new(),
        };
        simulation.submissions.ready_manifests.insert(MANIFEST);
        let network = Network {
            min_stake: 1,
            sortition_start: scale.sortition_start,
            ..Network::zeroed()
        };
        simulation.put(pda::network(), AnyAccount::Network(Box::new(network)));
        for number in 0..scale.providers as u64 {
            let provider = Provider {
                ask_price: 1 + mixed(number) % PRICES,
                active: 1 << 40,
                deposited: 1 << 40,
                max_open_seats: u16::MAX,
                ..Provider::zeroed()
            };
            let address = key(2, number);
            simulation.put(address, AnyAccount::Provider(Box::new(provider)));
            let agent = AgentView {
                capacity: scale.capacity,
                draining: false,
            };
            simulation.agents.insert(address, agent);
        }
        simulation
    }

    fn put(&mut self, address: Pubkey, entity: AnyAccount) {
        self.cache.apply(self.slot, address, Some(entity));
    }

    fn now(&self) -> i64 {
        self.slot.cast_signed() * SLOT_MS / 1_000
    }

    /// Posts jobs of one shard, by each client in turn.
    pub fn post(&mut self, jobs: usize) {
        for _ in 0..jobs {
            let number = self.jobs;
            self.jobs += 1;
            let job = Job {
                client: key(3, number % self.scale.clients as u64),
                manifest: MANIFEST,
                price_cap: PRICES,
                max_units: 1,
                seat_lock: 1,
                shards: 1,
                replicas: self.scale.seats,
                quorum: self.scale.seats,
                max_replicas: self.scale.seats,
                commit_secs: 3_600,
                reveal_secs: 3_600,
                posted_at: self.now(),
                deadline: i64::MAX,
                state: JobState::Open as u8,
                seed: mixed(!number),
                seed_slot: self.slot,
                ..Job::zeroed()
            };
            let address = key(4, number);
            self.posted.insert(address, self.slot);
            self.put(address, AnyAccount::Job(Box::new(job), None));
        }
    }

    /// One slot: what is done is settled, then a plan is made and what it hands out is taken up.
    pub fn step(&mut self) -> Step {
        self.slot += 1;
        while self
            .at_work
            .front()
            .is_some_and(|(done, ..)| *done <= self.slot)
        {
            if let Some((_, job, providers)) = self.at_work.pop_front() {
                self.cache.apply(self.slot, job, None);
                self.end_seats(&providers);
            }
        }
        let (busy, closable) = (HashSet::new(), HashSet::new());
        let snapshot = Snapshot {
            cache: &self.cache,
            finalized: &self.cache,
            orchestrator: ME,
            now: self.now(),
            slot: self.slot,
            agents: &self.agents,
            submissions: &self.submissions,
            busy: &busy,
            reserved: &[],
            closable: &closable,
            room: usize::MAX,
            owned: &OwnedPartitions::All,
        };
        let began = Instant::now();
        let plan = plan(&snapshot);
        let mut step = Step {
            plan: began.elapsed(),
            seated: 0,
            jobs: self.cache.jobs().len(),
        };
        for action in plan.chain {
            if let ChainAction::Assign { job, providers, .. } = action {
                self.seat(job, providers);
                step.seated += 1;
            }
        }
        step
    }

    fn seat(&mut self, address: Pubkey, providers: Vec<Pubkey>) {
        let mut job = self.cache.jobs()[&address];
        job.created = 1;
        job.live = 1;
        let mut shard = Shard {
            job: address,
            commit_by: i64::MAX,
            reveal_by: i64::MAX,
            state: ShardState::Assigned as u8,
            target: self.scale.seats,
            quorum: self.scale.seats,
            ..Shard::zeroed()
        };
        for (seat, provider) in shard.seats.iter_mut().zip(&providers) {
            *seat = Seat {
                provider: *provider,
                status: SeatStatus::Assigned as u8,
                ..Seat::default()
            };
        }
        self.put(
            address,
            AnyAccount::Job(Box::new(job), Some(Box::new(shard))),
        );
        if let Some(posted) = self.posted.remove(&address) {
            self.waited.push(self.slot - posted);
        }
        let done = self.slot + self.scale.work_slots;
        self.at_work.push_back((done, address, providers));
    }

    /// A seat that ended gives its provider another place on the ring.
    fn end_seats(&mut self, providers: &[Pubkey]) {
        for address in providers {
            let mut provider = self.cache.providers()[address];
            provider.agreed = provider.agreed.wrapping_add(1);
            self.put(*address, AnyAccount::Provider(Box::new(provider)));
        }
    }

    /// Slots that jobs waited until they had their seats.
    pub fn waited(&self) -> &[u64] {
        &self.waited
    }

    /// Seats that each provider has finished.
    pub fn finished(&self) -> impl Iterator<Item = u32> {
        self.cache
            .providers()
            .values()
            .map(|provider| provider.agreed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::program::math::sortition::ADMIT_ALL;

    const SMALL: Scale = Scale {
        providers: 50,
        capacity: 2,
        clients: 5,
        seats: 3,
        sortition_start: ADMIT_ALL,
        work_slots: 4,
    };

    #[test]
    fn at_a_load_below_what_providers_can_run_every_job_has_its_seats_at_the_next_slot() {
        let mut simulation = Simulation::new(SMALL);
        let mut seated = 0;
        for _ in 0..40 {
            simulation.post(6);
            seated += simulation.step().seated;
        }
        assert_eq!(seated, 240);
        assert!(simulation.waited().iter().all(|slots| *slots == 1));
    }

    #[test]
    fn above_it_as_many_run_as_there_is_room_for() {
        let mut simulation = Simulation::new(SMALL);
        simulation.post(1_000);
        let seated: usize = (0..8).map(|_| simulation.step().seated).sum();
        // 100 places, three to a shard, each free again after four slots; the last places of a round may
        // be at fewer than three providers.
        assert!((2 * 32..=2 * 33).contains(&seated), "{seated}");
    }

    #[test]
    fn with_sortition_everybody_sits_in_the_end() {
        let mut simulation = Simulation::new(Scale {
            sortition_start: 1 << 16,
            ..SMALL
        });
        simulation.post(20);
        let seated: usize = (0..80).map(|_| simulation.step().seated).sum();
        assert_eq!(seated, 20);
        assert!(simulation.waited().iter().any(|slots| *slots > 1));
    }
}
