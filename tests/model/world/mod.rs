//! The model's state of the network. It has its own structs and uses none of the program's arithmetic.

pub(crate) mod jobs;
pub(crate) mod vaults;

pub(crate) use crate::world::jobs::{
    Answer, Challenge, Job, JobState, Mode, Review, Seat, Shard, ShardState, Status, Terms,
};
use crate::world::vaults::Vaults;
pub(crate) use crate::world::vaults::{Mint, PARTIES, Party, Vault};
use millrace_program::state::NetworkParameters;
use std::collections::BTreeMap;

/// Number of providers.
pub(crate) const WORKERS: usize = 5;
/// Number of clients.
pub(crate) const CLIENTS: usize = 2;
/// Number of orchestrators' keys. The last one is not registered at the start.
pub(crate) const ORCHESTRATORS: usize = 3;
/// Epochs for which a provider and a bucket keep points.
pub(crate) const POINTS_KEPT: (usize, usize) = (8, 16);

/// A job's client and nonce.
pub(crate) type JobId = (usize, u64);

/// A refusal that the model predicts, with the name of the error: that of the first broken rule, in the
/// order of the accounts and then of the instruction's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModelError(pub &'static str);

/// The error for a missing account.
pub(crate) const NOT_THERE: &str = "AccountNotInitialized";
/// The error for an account that exists already.
pub(crate) const IN_USE: &str = "System::AccountAlreadyInUse";
/// The error for too few tokens.
pub(crate) const TOO_FEW: &str = "Token::InsufficientFunds";

/// The model's prediction for an action.
pub(crate) type ModelResult<T = ()> = Result<T, ModelError>;

/// Refuses with this error unless `fine`.
pub(crate) fn need(fine: bool, error: &'static str) -> ModelResult {
    if fine { Ok(()) } else { Err(ModelError(error)) }
}

/// `amount × bps ÷ 10,000`, rounded down.
pub(crate) fn share(amount: u64, bps: u64) -> u64 {
    (u128::from(amount) * u128::from(bps) / 10_000) as u64
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Provider {
    /// Whether its account exists.
    pub registered: bool,
    pub registered_at: i64,
    /// The number of the hot key in use.
    pub operator: usize,
    pub reward_due: u64,
    pub price: u64,
    pub max_seats: u16,
    /// The most stake that a seat may lock.
    pub max_lock: u64,
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
pub(crate) struct Client {
    /// Whether its account exists.
    pub opened: bool,
    pub nonce: u64,
    pub held: u64,
    pub jobs: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Orchestrator {
    pub active: bool,
    pub retired_at: i64,
    pub bonded: u64,
    /// The party that paid the rent.
    pub payer: Party,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rewards {
    pub funded: u64,
    pub promised: u64,
    pub paid: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    pub payer: Party,
    pub points: u64,
    pub banked: u64,
    pub emission: u64,
}

/// The reward schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// The start of epoch 0.
    pub from: i64,
    pub secs: u32,
    pub emission: u64,
    pub halving: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub now: i64,
    pub slot: u64,
    /// Slots whose block hashes the chain keeps: the first, and the one after the last.
    pub blocks: (u64, u64),
    pub block_seed: u64,
    pub one_mint: bool,
    pub paused: bool,
    /// Size of a vault of each mint, bytes.
    pub vault_bytes: [u64; 2],
    /// Whether each mint belongs to Token-2022.
    pub newer: [bool; 2],
    pub authority: Party,
    /// The proposed authority.
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
    /// Tokens in the vaults that no account records.
    pub donated: Vaults,
    /// Stake that penalties have burnt.
    pub burnt: u64,
    pub lamports: [u64; PARTIES],
    /// Points of the buckets, by epoch.
    pub buckets: [BTreeMap<u32, u64>; 8],
    /// Effects of the transaction, for the coverage.
    pub notes: Vec<&'static str>,
}

impl World {
    pub(crate) fn job(&self, id: JobId) -> ModelResult<&Job> {
        self.jobs
            .iter()
            .find(|j| j.id == id)
            .ok_or(ModelError(NOT_THERE))
    }

    pub(crate) fn job_mut(&mut self, id: JobId) -> ModelResult<&mut Job> {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|j| j.id == id).ok_or(ModelError(NOT_THERE))
    }

    pub(crate) fn epoch(&self) -> u32 {
        ((self.now - self.schedule.from) / i64::from(self.schedule.secs)) as u32
    }

    pub(crate) fn epoch_end(&self, number: u32) -> i64 {
        self.schedule.from + (i64::from(number) + 1) * i64::from(self.schedule.secs)
    }

    pub(crate) fn points_of(&self, number: u32) -> u64 {
        let noted = self.buckets.iter().filter_map(|bucket| bucket.get(&number));
        noted.sum()
    }

    pub(crate) fn is_open(&self, vault: Vault) -> bool {
        match vault {
            Vault::Escrow(n) => self.clients[n].opened,
            Vault::Stake(n) | Vault::Earnings(n) => self.providers[n].registered,
            Vault::Bond(n) => self.orchestrators[n].is_some(),
            Vault::Wallet(..) | Vault::Treasury(..) | Vault::Rewards => true,
        }
    }
}
