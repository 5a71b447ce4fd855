//! Who is to sit where: those whom the program would admit and who are there, by price and score, ties
//! by a ring that anyone can recompute.
//!
//! The index is made once for each plan, out of the connected agents. A shard then looks at the few
//! candidates that come first for it, never at all of them: the work of a plan grows with what changes.

use super::selection::Unavailable;
use super::snapshot::{AgentView, Snapshot};
use millrace_client::Pubkey;
use millrace_client::program::math::sortition::{ADMIT_ALL, Ticket, admits};
use millrace_client::program::state::{Job, Network, Provider, SeatStatus, Shard};
use millrace_client::selection::finished_seats;
use millrace_protocol::selection::{
    Ineligible, RingPosition, SelectionRecord, provider_position, shard_position,
};
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// Tickets that are drawn for one shard in one plan. Where none of so many is admitted, the shard waits
/// for its threshold to grow.
const MOST_TICKETS: usize = 4_096;
/// Shards of a job that a provider fails before it is not tried at that job again.
const FAILURES_PER_JOB: usize = 2;

/// The way to free seats of a shard: what sortition depends on besides job and provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vacancy {
    /// The shard.
    pub shard: u32,
    /// Its attempt.
    pub attempt: u8,
    /// Slot since which seats have been free.
    pub since: u64,
}

impl Vacancy {
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

/// How many seats are wanted at a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatDemand {
    /// As many as these.
    pub max: usize,
    /// Nobody sits down where fewer can be had.
    pub min: usize,
}

/// What an agent works on.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    /// Seats whose commitment is not handed in yet, and those in assignments under way.
    working: u32,
    /// Those in assignments under way: the chain does not count them yet.
    coming: u32,
}

/// Who sits down at a shard.
#[derive(Clone, Debug, PartialEq)]
pub struct Seating {
    /// The providers.
    pub providers: Vec<Pubkey>,
    /// By what they were chosen.
    pub selection: SelectionRecord,
}

/// A provider that could take a seat now.
pub(super) struct Candidate<'a> {
    pub(super) key: Pubkey,
    pub(super) provider: &'a Provider,
    pub(super) place: RingPosition,
    /// Seats that it can still take in this plan.
    pub(super) room: u32,
    /// Stake that this plan has locked.
    pub(super) locked: u64,
}

/// What a job asks of a provider whoever it is: jobs that ask the same share a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    supplier: [u8; 16],
    region: [u8; 16],
    score: u64,
    memory_mb: u32,
    cores: u16,
}

impl Requirement {
    /// What a job asks.
    pub fn of(job: &Job) -> Self {
        Self {
            supplier: job.supplier,
            region: job.region,
            score: job.min_score,
            memory_mb: job.min_memory_mb,
            cores: job.min_cores,
        }
    }
}

/// Offers that meet a requirement, the best first.
pub(super) struct CandidateList {
    pub(super) members: Vec<u32>,
    /// For each member the end of its rank: those with its price and score.
    pub(super) rank_ends: Vec<u32>,
    /// For each member, and one past the last, the first that may still have room, from there on.
    next: Vec<u32>,
    /// The job that was refused last: who asks for no less and pays no more is refused too.
    refused: Option<Refused>,
}

#[derive(Clone, Copy)]
struct Refused {
    price_cap: u64,
    seat_lock: u64,
    least: usize,
}

impl CandidateList {
    fn new(candidates: &[Candidate], job: &Job) -> Self {
        let eligible = candidates.iter().enumerate();
        let eligible = eligible.filter(|(_, candidate)| job.admits(candidate.provider));
        let members: Vec<u32> = eligible.map(|(at, _)| at as u32).collect();
        let rank = |at: &u32| {
            let provider = candidates[*at as usize].provider;
            (provider.ask_price, provider.score)
        };
        let mut rank_ends = Vec::with_capacity(members.len());
        for same in members.chunk_by(|a, b| rank(a) == rank(b)) {
            let end = (rank_ends.len() + same.len()) as u32;
            rank_ends.resize(rank_ends.len() + same.len(), end);
        }
        let next = (0..=members.len() as u32).collect();
        Self {
            members,
            rank_ends,
            next,
            refused: None,
        }
    }

    /// The first member from `at` on that may still have room; one past the last where none has.
    fn alive(&mut self, mut at: usize) -> usize {
        while self.next[at] as usize != at {
            // Whoever comes this way again has half as far to go.
            self.next[at] = self.next[self.next[at] as usize];
            at = self.next[at] as usize;
        }
        at
    }

    fn drop_member(&mut self, at: usize) {
        self.next[at] = at as u32 + 1;
    }
}

/// Providers with what this plan has already given them.
pub struct Matcher<'a> {
    pub(super) snapshot: &'a Snapshot<'a>,
    pub(super) min_stake: u64,
    pub(super) sortition_start: u64,
    load: HashMap<Pubkey, Load>,
    /// Providers that failed several shards of a job.
    shunned: HashSet<(Pubkey, Pubkey)>,
    pub(super) candidates: Vec<Candidate<'a>>,
    /// Those that are no candidates, once anybody asks.
    pub(super) unavailable: OnceCell<Vec<Unavailable<'a>>>,
    lists: HashMap<Requirement, CandidateList>,
    /// Seats that all candidates together can still take.
    room: u64,
}

impl<'a> Matcher<'a> {
    /// Makes the index of who could take a seat now.
    pub fn new(snapshot: &'a Snapshot<'a>, network: &Network) -> Self {
        let mut matcher = Self {
            snapshot,
            min_stake: network.min_stake,
            sortition_start: network.sortition_start,
            load: loads(snapshot),
            shunned: shunned(snapshot),
            candidates: Vec::new(),
            unavailable: OnceCell::new(),
            lists: HashMap::new(),
            room: 0,
        };
        let providers = snapshot.cache.providers();
        let there = snapshot.agents.keys().filter_map(|key| {
            let provider = providers.get(key)?;
            let staked = provider.active >= matcher.min_stake;
            let room = matcher.room_of(key, provider);
            (staked && room > 0).then(|| Candidate {
                key: *key,
                provider,
                place: provider_position(key.as_array(), finished_seats(provider)),
                room,
                locked: 0,
            })
        });
        matcher.candidates = there.collect();
        matcher.candidates.sort_unstable_by_key(|candidate| {
            let provider = candidate.provider;
            (
                provider.ask_price,
                Reverse(provider.score),
                candidate.place,
                candidate.key,
            )
        });
        matcher.room = matcher
            .candidates
            .iter()
            .map(|candidate| u64::from(candidate.room))
            .sum();
        matcher
    }

    /// Seats that all candidates together can still take.
    pub fn room(&self) -> u64 {
        self.room
    }

    /// Whether seats of the job wait for its seed.
    pub fn needs_seed(&self, job: &Job) -> bool {
        self.sortition_start != ADMIT_ALL && job.seed == 0
    }

    /// Whether a provider's agent is there and takes new work.
    pub fn is_online(&self, key: &Pubkey) -> bool {
        let agent = self.snapshot.agents.get(key);
        agent.is_some_and(|agent: &AgentView| !agent.draining)
    }

    /// Whether a provider's stake is under the network's minimum.
    pub fn is_under_staked(&self, provider: &Provider) -> bool {
        provider.active < self.min_stake
    }

    /// Seats that a provider can take besides what it works on; none where its agent is away.
    pub fn room_of(&self, key: &Pubkey, provider: &Provider) -> u32 {
        if !self.is_online(key) {
            return 0;
        }
        let capacity = self.snapshot.agents.get(key).map_or(0, |a| a.capacity);
        let load = self.load.get(key).copied().unwrap_or_default();
        let open = u32::from(provider.open_seats).saturating_add(load.coming);
        let on_chain = u32::from(provider.max_open_seats).saturating_sub(open);
        capacity.saturating_sub(load.working).min(on_chain)
    }

    /// What keeps a provider from any seat now, whatever the job.
    pub(super) fn unavailable_by(&self, key: &Pubkey, provider: &Provider) -> Option<Ineligible> {
        match () {
            () if self.is_under_staked(provider) => Some(Ineligible::UnderStaked),
            () if !self.is_online(key) => Some(Ineligible::AgentOffline),
            () if self.room_of(key, provider) == 0 => Some(Ineligible::AtCapacity),
            () => None,
        }
    }

    /// Whether a provider is not tried at a shard: it sits there, or failed there, or failed several
    /// shards of the job.
    pub fn is_tried(&self, job: Pubkey, shard: u32, key: &Pubkey, seated: &[Pubkey]) -> bool {
        let failed = self.snapshot.submissions.failures.get(&(job, shard));
        seated.contains(key)
            || failed.is_some_and(|failed| failed.contains_key(key))
            || self.shunned.contains(&(job, *key))
    }

    /// Jobs that some providers failed several shards of.
    pub fn shunned_jobs(&self) -> HashSet<Pubkey> {
        self.shunned.iter().map(|(job, _)| *job).collect()
    }

    /// Whether sortition lets a provider in by now.
    pub fn is_admitted(
        &self,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        (key, provider): (&Pubkey, &Provider),
    ) -> bool {
        let ticket = Ticket {
            seed: job.seed,
            job: address.as_array(),
            shard: vacancy.shard,
            attempt: vacancy.attempt,
            provider: key.as_array(),
        };
        let waited = self.snapshot.slot.saturating_sub(vacancy.since);
        admits(self.sortition_start, provider.free_stake(), waited, &ticket)
    }

    /// Chooses providers for a shard, or nobody where fewer than the least are free. Whoever is chosen
    /// counts as busier for the rest of this plan.
    pub fn seat(
        &mut self,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        seated: &[Pubkey],
        demand: SeatDemand,
    ) -> Option<Seating> {
        let least = demand.min.max(1);
        let requirement = Requirement::of(job);
        // Taken out while it is walked, for what is asked of each candidate needs the matcher too.
        let mut list = self
            .lists
            .remove(&requirement)
            .unwrap_or_else(|| CandidateList::new(&self.candidates, job));
        let hopeless = list.refused.is_some_and(|refused| {
            job.price_cap <= refused.price_cap
                && job.seat_lock >= refused.seat_lock
                && least >= refused.least
        });
        let chosen = match hopeless {
            true => Vec::new(),
            false => self.walk(&mut list, (address, job), vacancy, seated, demand.max),
        };
        let found = chosen.len() >= least;
        // Sortition and failures are about one shard; price and stake are the same for the next.
        if !found && !hopeless && self.sortition_start == ADMIT_ALL && seated.is_empty() {
            let failed = &self.snapshot.submissions.failures;
            let about_all = !failed.contains_key(&(address, vacancy.shard))
                && !self.shunned.iter().any(|(job, _)| *job == address);
            list.refused = about_all
                .then_some(Refused {
                    price_cap: job.price_cap,
                    seat_lock: job.seat_lock,
                    least,
                })
                .or(list.refused);
        }
        let seating = found.then(|| {
            let selection = self.record(&list, (address, job), vacancy, seated, &chosen, demand);
            let chosen = chosen.iter().map(|at| list.members[*at] as usize);
            Seating {
                providers: self.take(chosen, job),
                selection,
            }
        });
        self.lists.insert(requirement, list);
        seating
    }

    /// Up to `most` members of a list that suit a shard, the best first.
    fn walk(
        &self,
        list: &mut CandidateList,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        seated: &[Pubkey],
        most: usize,
    ) -> Vec<usize> {
        let point = shard_position(address.as_array(), vacancy.shard, vacancy.attempt);
        let (mut chosen, mut tickets) = (Vec::with_capacity(most), 0);
        let mut from = list.alive(0);
        while from < list.members.len() {
            let end = list.rank_ends[from] as usize;
            if self.candidates[list.members[from] as usize]
                .provider
                .ask_price
                > job.price_cap
            {
                break;
            }
            // Once around the ring of those with the same price and score.
            let middle = from + self.before(list, (from, end), point);
            for (begin, stop) in [(middle, end), (from, middle)] {
                let mut at = list.alive(begin);
                while at < stop {
                    let candidate = &self.candidates[list.members[at] as usize];
                    if candidate.room == 0 {
                        list.drop_member(at);
                    } else if self.suits(candidate, (address, job), vacancy, seated, &mut tickets) {
                        chosen.push(at);
                        if chosen.len() == most {
                            return chosen;
                        }
                    } else if tickets >= MOST_TICKETS {
                        return chosen;
                    }
                    at = list.alive(at + 1);
                }
            }
            from = list.alive(end);
        }
        chosen
    }

    /// How many members of a part of a rank stand before a point of the ring.
    pub(super) fn before(
        &self,
        list: &CandidateList,
        (from, end): (usize, usize),
        point: RingPosition,
    ) -> usize {
        let part = &list.members[from..end];
        part.partition_point(|at| self.candidates[*at as usize].place < point)
    }

    fn suits(
        &self,
        candidate: &Candidate,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        seated: &[Pubkey],
        tickets: &mut usize,
    ) -> bool {
        if self
            .obstacle_of(candidate, (address, job), vacancy, seated)
            .is_some()
        {
            return false;
        }
        *tickets += 1;
        self.is_admitted(
            (address, job),
            vacancy,
            (&candidate.key, candidate.provider),
        )
    }

    /// What keeps a candidate from a shard, but for sortition, which takes a hash to know.
    pub(super) fn obstacle_of(
        &self,
        candidate: &Candidate,
        (address, job): (Pubkey, &Job),
        vacancy: Vacancy,
        seated: &[Pubkey],
    ) -> Option<Ineligible> {
        let free = candidate
            .provider
            .free_stake()
            .saturating_sub(candidate.locked);
        if candidate.room == 0 {
            Some(Ineligible::AtCapacity)
        } else if free < job.seat_lock {
            Some(Ineligible::StakeLocked)
        } else if self.is_tried(address, vacancy.shard, &candidate.key, seated) {
            Some(Ineligible::AlreadyTried)
        } else {
            None
        }
    }

    fn take(&mut self, chosen: impl Iterator<Item = usize>, job: &Job) -> Vec<Pubkey> {
        let take = |at: usize| {
            let candidate = &mut self.candidates[at];
            candidate.room -= 1;
            candidate.locked = candidate.locked.saturating_add(job.seat_lock);
            candidate.key
        };
        let taken: Vec<Pubkey> = chosen.map(take).collect();
        self.room -= taken.len() as u64;
        taken
    }
}

/// What each agent works on.
fn loads(snapshot: &Snapshot) -> HashMap<Pubkey, Load> {
    let mut loads: HashMap<Pubkey, Load> = HashMap::new();
    for shard in snapshot.cache.shards().filter(|shard| shard.is_live()) {
        let working = shard.seats.iter();
        for seat in working.filter(|seat| seat.status() == SeatStatus::Assigned) {
            let key = super::seat::seat_key(shard, seat);
            if !snapshot.submissions.by_seat.contains_key(&key) {
                loads.entry(seat.provider).or_default().working += 1;
            }
        }
    }
    for provider in snapshot.reserved {
        let load = loads.entry(*provider).or_default();
        load.working += 1;
        load.coming += 1;
    }
    loads
}

/// Jobs with the providers that failed several of their shards.
fn shunned(snapshot: &Snapshot) -> HashSet<(Pubkey, Pubkey)> {
    let mut failures: HashMap<(Pubkey, Pubkey), usize> = HashMap::new();
    for ((job, _), failed) in &snapshot.submissions.failures {
        for provider in failed.keys() {
            *failures.entry((*job, *provider)).or_default() += 1;
        }
    }
    let several = failures
        .into_iter()
        .filter(|(_, count)| *count >= FAILURES_PER_JOB);
    several.map(|(pair, _)| pair).collect()
}
