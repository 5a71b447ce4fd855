//! A small network to plan for.

use super::super::*;
use crate::leases::partition::OwnedPartitions;
use crate::submissions::model::{RevealedResult, SeatKey, Submission, Submissions};
use anchor_lang::Discriminator;
use bytemuck::{Zeroable, bytes_of};
use millrace_client::cache::accounts::AccountCache;
use millrace_client::pda;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{Provider, Seat, SeatStatus, ShardState};
use std::collections::HashMap;

pub(super) const ME: Pubkey = Pubkey::new_from_array([1; 32]);
pub(super) const MANIFEST: [u8; 32] = [7; 32];
pub(super) const JOB: Pubkey = Pubkey::new_from_array([5; 32]);

/// The parts of a snapshot, to be changed by tests.
pub(super) struct World {
    pub cache: AccountCache,
    /// Accounts as of finalized blocks; those of `cache` if `None`.
    pub finalized: Option<AccountCache>,
    pub agents: HashMap<Pubkey, AgentView>,
    pub submissions: Submissions,
    pub busy: HashSet<ConflictKey>,
    pub closable: HashSet<Pubkey>,
    pub now: i64,
    pub slot: u64,
    pub room: usize,
    pub reserved: Vec<Pubkey>,
}

pub(super) fn provider(n: u8) -> Pubkey {
    Pubkey::new_from_array([100 + n; 32])
}

impl World {
    pub(super) fn new(providers: u8) -> Self {
        let mut world = Self {
            cache: AccountCache::default(),
            finalized: None,
            agents: HashMap::new(),
            submissions: Submissions::default(),
            busy: HashSet::new(),
            closable: HashSet::new(),
            now: 1_000,
            slot: 0,
            room: usize::MAX,
            reserved: Vec::new(),
        };
        let network = Network {
            min_stake: 10,
            sortition_start: ADMIT_ALL,
            ..Network::zeroed()
        };
        world.network(&network);
        for n in 0..providers {
            world.provider(n, |_| {});
            world.agents.insert(
                provider(n),
                AgentView {
                    capacity: 2,
                    draining: false,
                },
            );
        }
        world.submissions.ready_manifests.insert(MANIFEST);
        world
    }

    pub(super) fn network(&mut self, network: &Network) {
        self.put(pda::network(), Network::DISCRIMINATOR, bytes_of(network));
    }

    pub(super) fn put(&mut self, key: Pubkey, discriminator: &[u8], body: &[u8]) {
        self.slot += 1;
        let data = [discriminator, body].concat();
        assert!(self.cache.update(self.slot, key, &data));
    }

    pub(super) fn provider(&mut self, n: u8, change: impl FnOnce(&mut Provider)) {
        let mut p = Provider {
            ask_price: 5,
            active: 1_000,
            deposited: 1_000,
            max_open_seats: 10,
            max_seat_lock: u64::MAX,
            ..Provider::zeroed()
        };
        change(&mut p);
        self.put(provider(n), Provider::DISCRIMINATOR, bytes_of(&p));
    }

    pub(super) fn job(&mut self, change: impl FnOnce(&mut Job)) {
        self.job_at(JOB, change);
    }

    pub(super) fn job_at(&mut self, address: Pubkey, change: impl FnOnce(&mut Job)) {
        let mut job = Job {
            manifest: MANIFEST,
            price_cap: 10,
            max_units: 1,
            seat_lock: 100,
            shards: 1,
            replicas: 3,
            quorum: 2,
            max_replicas: 3,
            commit_secs: 20,
            reveal_secs: 20,
            deadline: 2_000,
            state: JobState::Open as u8,
            ..Job::zeroed()
        };
        change(&mut job);
        self.put(address, Job::DISCRIMINATOR, bytes_of(&job));
    }

    pub(super) fn shard(&mut self, change: impl FnOnce(&mut Shard)) {
        let mut shard = Shard {
            job: JOB,
            commit_by: self.now + 20,
            reveal_by: self.now + 40,
            state: ShardState::Assigned as u8,
            target: 3,
            quorum: 2,
            ..Shard::zeroed()
        };
        for n in 0..3 {
            shard.seats[usize::from(n)] = Seat {
                provider: provider(n),
                status: SeatStatus::Assigned as u8,
                ..Seat::default()
            };
        }
        change(&mut shard);
        self.put(pda::shard(&JOB, 0), Shard::DISCRIMINATOR, bytes_of(&shard));
    }

    /// Provider `n` submits a commitment and, if given, the result with this root.
    pub(super) fn submit(&mut self, n: u8, root: Option<u8>) {
        let revealed = root.map(|root| RevealedResult {
            root: [root; 32],
            units: 1,
            salt: [0; 32],
            output: [0; 32],
            exit: 0,
            fuel: 1,
            reason: String::new(),
        });
        let submission = Submission {
            seat: n,
            commitment: [n; 32],
            signature: [0; 64],
            revealed,
        };
        self.submissions.by_seat.insert(key(n), submission);
    }

    /// Provider `n` fails a shard of the job.
    pub(super) fn fail(&mut self, shard: u32, n: u8) {
        let failures = self.submissions.failures.entry((JOB, shard)).or_default();
        failures.insert(provider(n), "no such program".to_owned());
    }

    pub(super) fn plan(&self) -> Plan {
        plan(&self.snapshot())
    }

    /// The planned chain actions.
    pub(super) fn chain(&self) -> Vec<ChainAction> {
        self.plan().chain
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            cache: &self.cache,
            finalized: self.finalized.as_ref().unwrap_or(&self.cache),
            orchestrator: ME,
            now: self.now,
            slot: self.slot,
            agents: &self.agents,
            submissions: &self.submissions,
            busy: &self.busy,
            reserved: &self.reserved,
            closable: &self.closable,
            room: self.room,
            owned: &OwnedPartitions::All,
        }
    }

    pub(super) fn pending_reasons(&self) -> String {
        PendingReasons::new(&self.snapshot())
            .messages(JOB, &self.cache.jobs()[&JOB])
            .join("; ")
    }
}

pub(super) fn key(n: u8) -> SeatKey {
    SeatKey {
        job: JOB,
        shard: 0,
        attempt: 0,
        provider: provider(n),
    }
}
