//! The model's picture of the network: its own structs, and nothing of the program's arithmetic.

pub mod jobs;
pub mod vaults;

pub use crate::world::jobs::{
    Answer, Challenge, Job, JobState, Mode, Review, Seat, Shard, ShardState, Status, Terms,
};
use crate::world::vaults::Vaults;
pub use crate::world::vaults::{Mint, PARTIES, Party, Vault};
use millrace_program::state::NetworkParameters;
use std::collections::BTreeMap;

/// Providers.
pub const WORKERS: usize = 5;
/// Clients.
pub const CLIENTS: usize = 2;
/// Orchestrators' keys, of which the last is not registered at first.
pub const ORCHESTRATORS: usize = 3;
/// Epochs of which a provider and a bucket keep points.
pub const POINTS_KEPT: (usize, usize) = (8, 16);

/// Which client's job, by its nonce.
pub type JobId = (usize, u64);

/// The model says no, and which error is right: that of the first rule that is broken, in the order of
/// the accounts and then of the instruction's document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelError(pub &'static str);

/// The error where an account that has to be there is not.
pub const NOT_THERE: &str = "AccountNotInitialized";
/// The error where an account that is to be made is there.
pub const IN_USE: &str = "System::AccountAlreadyInUse";
/// The error where somebody has too few tokens.
pub const TOO_FEW: &str = "Token::InsufficientFunds";

/// What the model says to an action.
pub type ModelResult<T = ()> = Result<T, ModelError>;

/// ModelResult no with this error unless `fine`.
pub fn need(fine: bool, error: &'static str) -> ModelResult {
    if fine { Ok(()) } else { Err(ModelError(error)) }
}

/// `amount × bps ÷ 10,000`, rounded down.
pub fn share(amount: u64, bps: u64) -> u64 {
    (u128::from(amount) * u128::from(bps) / 10_000) as u64
}

#[derive(Clone, Debug, Default)]
pub struct Provider {
    /// Its account is there.
    pub registered: bool,
    pub registered_at: i64,
    /// Which of its hot keys signs.
    pub operator: usize,
    pub reward_due: u64,
    pub price: u64,
    pub max_seats: u16,
    pub cores: u16,
    pub active: u64,
    pub locked: u64,
    pub unbonding: u64,
    pub until: i64,
    pub deposited: u64,
    pub withdrawn: u64,
    pub slashed: u64,
    pub earned: u64,
    pub claimed: u64,
    pub agreed: u32,
    pub disagreed: u32,
    pub late: u32,
    pub seats: u16,
    pub points: BTreeMap<u32, u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its account is there.
    pub opened: bool,
    pub nonce: u64,
    pub held: u64,
    pub jobs: u32,
}

/// A registered orchestrator.
#[derive(Clone, Debug)]
pub struct Orchestrator {
    pub active: bool,
    pub retired_at: i64,
    pub bonded: u64,
    /// Party paid the rent.
    pub payer: Party,
}

/// The book of rewards.
#[derive(Clone, Debug, Default)]
pub struct Rewards {
    pub funded: u64,
    pub promised: u64,
    pub paid: u64,
}

/// A closed epoch.
#[derive(Clone, Debug)]
pub struct Epoch {
    pub payer: Party,
    pub points: u64,
    pub banked: u64,
    pub emission: u64,
}

/// When rewards are given.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// When epoch 0 began.
    pub from: i64,
    pub secs: u32,
    pub emission: u64,
    pub halving: u32,
}

#[derive(Clone, Debug)]
pub struct World {
    pub now: i64,
    pub slot: u64,
    /// Slots whose blocks the chain remembers: the first, and the one after the last.
    pub blocks: (u64, u64),
    pub block_seed: u64,
    pub one_mint: bool,
    pub paused: bool,
    /// Bytes of a vault of each mint.
    pub vault_bytes: [u64; 2],
    /// Whether each mint is of Token-2022.
    pub newer: [bool; 2],
    pub authority: Party,
    /// Who is proposed as the authority.
    pub pending: Option<Party>,
    pub pauser: Party,
    pub orchestrators: [Option<Orchestrator>; ORCHESTRATORS],
    pub parameters: NetworkParameters,
    pub schedule: Schedule,
    pub rewards: Rewards,
    /// Closed epochs with points that are not banked.
    pub epochs: BTreeMap<u32, Epoch>,
    pub providers: [Provider; WORKERS],
    pub clients: [Client; CLIENTS],
    pub jobs: Vec<Job>,
    pub vaults: Vaults,
    /// What is in the vaults and in nobody's books.
    pub donated: Vaults,
    pub lamports: [u64; PARTIES],
    /// Points of the buckets, by epoch.
    pub buckets: [BTreeMap<u32, u64>; 8],
    /// What came to pass, to count it.
    pub notes: Vec<&'static str>,
}

impl World {
    pub fn job(&self, id: JobId) -> ModelResult<&Job> {
        self.jobs
            .iter()
            .find(|j| j.id == id)
            .ok_or(ModelError(NOT_THERE))
    }

    pub fn job_mut(&mut self, id: JobId) -> ModelResult<&mut Job> {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|j| j.id == id).ok_or(ModelError(NOT_THERE))
    }

    pub fn epoch(&self) -> u32 {
        ((self.now - self.schedule.from) / i64::from(self.schedule.secs)) as u32
    }

    /// When an epoch ends.
    pub fn epoch_end(&self, number: u32) -> i64 {
        self.schedule.from + (i64::from(number) + 1) * i64::from(self.schedule.secs)
    }

    /// Points of an epoch in all buckets.
    pub fn points_of(&self, number: u32) -> u64 {
        let noted = self.buckets.iter().filter_map(|bucket| bucket.get(&number));
        noted.sum()
    }

    /// Whether a token account is there.
    pub fn is_open(&self, vault: Vault) -> bool {
        match vault {
            Vault::Escrow(n) => self.clients[n].opened,
            Vault::Stake(n) | Vault::Earnings(n) => self.providers[n].registered,
            Vault::Bond(n) => self.orchestrators[n].is_some(),
            Vault::Wallet(..) | Vault::Treasury(..) | Vault::Rewards => true,
        }
    }
}
