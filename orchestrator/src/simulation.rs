//! Runs the planner against a network that does not exist, to measure how long plans take at sizes that no
//! machine here could run, and what clients and providers of such a network would see.
//!
//! The planner is the one that the service runs. Time is virtual: each step is a slot. Jobs arrive at a steady
//! rate and agents work for a fixed number of slots. Assignments and settlements take effect at the next
//! step, as if transactions always landed at once.

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
/// Number of different asking prices: candidates have tiers with many providers in each.
const PRICES: u64 = 16;

/// The size of a simulation.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Number of connected providers.
    pub providers: usize,
    /// Shards that each provider runs concurrently.
    pub capacity: u32,
    /// Number of clients, each with the same number of jobs.
    pub clients: usize,
    /// Seats of a shard; each job has one shard.
    pub seats: u8,
    /// `sortition_start` of the network.
    pub sortition_start: u64,
    /// Slots for which a provider works on a shard.
    pub work_slots: u64,
}

/// A simulated network.
pub struct Simulation {
    scale: Scale,
    cache: AccountCache,
    agents: HashMap<Pubkey, AgentView>,
    submissions: Submissions,
    slot: u64,
    jobs: u64,
    /// Jobs in progress, each with the slot in which its providers finish.
    running: VecDeque<(u64, Pubkey, Vec<Pubkey>)>,
    /// Slots that each assigned job waited for its seats.
    slots_waited: Vec<u64>,
    /// Unassigned jobs with the slot in which they were posted.
    posted: HashMap<Pubkey, u64>,
}

/// What happened in one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepReport {
    /// Time that planning took.
    pub plan: Duration,
    /// Shards that were assigned.
    pub assigned: usize,
    /// Jobs on chain.
    pub jobs: usize,
}

fn key(kind: u8, number: u64) -> Pubkey {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&mixed(number ^ (u64::from(kind) << 56)).to_le_bytes());
    Pubkey::new_from_array(bytes)
}

/// A step of SplitMix64: deterministic numbers that look random.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Simulation {
    /// A network with all providers connected and idle, and without jobs.
    pub fn new(scale: Scale) -> Self {
        let mut simulation = Self {
            scale,
            cache: AccountCache::default(),
            agents: HashMap::with_capacity(scale.providers),
            submissions: Submissions::default(),
            slot: 1,
            jobs: 0,
            running: VecDeque::new(),
            slots_waited: Vec::new(),
            posted: HashMap::new(),
        };
        simulation.submissions.ready_manifests.insert(MANIFEST);
        let network = Network {
            min_stake: 1,
            sortition_start: scale.sortition_start,
            ..Network::zeroed()
        };
        simulation.store(pda::network(), AnyAccount::Network(Box::new(network)));
        for number in 0..scale.providers as u64 {
            let provider = Provider {
                ask_price: 1 + mixed(number) % PRICES,
                active: 1 << 40,
                deposited: 1 << 40,
                max_open_seats: u16::MAX,
                max_seat_lock: u64::MAX,
                registered_at: i64::MIN,
                ..Provider::zeroed()
            };
            let address = key(2, number);
            simulation.store(address, AnyAccount::Provider(Box::new(provider)));
            let agent = AgentView {
                capacity: scale.capacity,
                draining: false,
            };
            simulation.agents.insert(address, agent);
        }
        simulation
    }

    fn store(&mut self, address: Pubkey, entity: AnyAccount) {
        self.cache.apply(self.slot, address, Some(entity));
    }

    fn now(&self) -> i64 {
        self.slot.cast_signed() * SLOT_MS / 1_000
    }

    /// Posts jobs with one shard each, from the clients in turn.
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
            self.store(address, AnyAccount::Job(Box::new(job), None));
        }
    }

    /// Advances by one slot: settles finished jobs, plans, and applies the assignments.
    pub fn step(&mut self) -> StepReport {
        self.slot += 1;
        while self
            .running
            .front()
            .is_some_and(|(done, ..)| *done <= self.slot)
        {
            if let Some((_, job, providers)) = self.running.pop_front() {
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
        let mut report = StepReport {
            plan: began.elapsed(),
            assigned: 0,
            jobs: self.cache.jobs().len(),
        };
        for action in plan.chain {
            if let ChainAction::Assign { job, providers, .. } = action {
                self.assign(job, providers);
                report.assigned += 1;
            }
        }
        report
    }

    fn assign(&mut self, address: Pubkey, providers: Vec<Pubkey>) {
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
        self.store(
            address,
            AnyAccount::Job(Box::new(job), Some(Box::new(shard))),
        );
        if let Some(posted) = self.posted.remove(&address) {
            self.slots_waited.push(self.slot - posted);
        }
        let done = self.slot + self.scale.work_slots;
        self.running.push_back((done, address, providers));
    }

    /// Ends seats, which gives their providers other positions on the ring.
    fn end_seats(&mut self, providers: &[Pubkey]) {
        for address in providers {
            let mut provider = self.cache.providers()[address];
            provider.agreed = provider.agreed.wrapping_add(1);
            self.store(*address, AnyAccount::Provider(Box::new(provider)));
        }
    }

    /// Slots that each assigned job waited for its seats.
    pub fn slots_waited(&self) -> &[u64] {
        &self.slots_waited
    }

    /// Number of seats that each provider has finished.
    pub fn finished_seats(&self) -> impl Iterator<Item = u32> {
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
    fn jobs_below_the_capacity_are_assigned_in_the_next_slot() {
        let mut simulation = Simulation::new(SMALL);
        let mut assigned = 0;
        for _ in 0..40 {
            simulation.post(6);
            assigned += simulation.step().assigned;
        }
        assert_eq!(assigned, 240);
        assert!(simulation.slots_waited().iter().all(|slots| *slots == 1));
    }

    #[test]
    fn jobs_above_the_capacity_fill_it() {
        let mut simulation = Simulation::new(SMALL);
        simulation.post(1_000);
        let assigned: usize = (0..8).map(|_| simulation.step().assigned).sum();
        // A capacity of 100, three seats per shard, each free again after four slots. What is left at the
        // end of a round may belong to fewer than three providers.
        assert!((2 * 32..=2 * 33).contains(&assigned), "{assigned}");
    }

    #[test]
    fn sortition_admits_every_job_in_time() {
        let mut simulation = Simulation::new(Scale {
            sortition_start: 1 << 16,
            ..SMALL
        });
        simulation.post(20);
        let assigned: usize = (0..80).map(|_| simulation.step().assigned).sum();
        assert_eq!(assigned, 20);
        assert!(simulation.slots_waited().iter().any(|slots| *slots > 1));
    }
}
