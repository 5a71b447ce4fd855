//! Errors that end a command. Each message has the problem and the remedy.

use crate::deploy::error::DeployError;
#[cfg(feature = "localnet")]
use crate::localnet::validator::ValidatorError;
use millrace_client::{ChainError, Pubkey};
use millrace_migrations::MigrationError;
#[cfg(feature = "orchestrator")]
use millrace_orchestrator::OrchestratorError;
use millrace_protocol::amount::{AmountError, format_amount};
use millrace_protocol::manifest::ManifestError;
use millrace_protocol::measure::MeasureError;
use millrace_provider::AgentError;
use millrace_runtime::RunError;
use std::path::PathBuf;
use thiserror::Error;

const FUND_HINT: &str = " (on a local network, run `millrace wallet fund`)";

/// What a wallet lacks, as decimal numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    pub wallet: Pubkey,
    pub has: String,
    pub needed: String,
    pub missing: String,
}

impl Shortfall {
    /// Compares base units of something with `decimals`; `None` if the wallet has enough.
    pub fn of(wallet: Pubkey, has: u64, needed: u64, decimals: u8) -> Option<Box<Self>> {
        let missing = needed.checked_sub(has).filter(|missing| *missing > 0)?;
        Some(Box::new(Self {
            wallet,
            has: format_amount(has, decimals),
            needed: format_amount(needed, decimals),
            missing: format_amount(missing, decimals),
        }))
    }
}

#[derive(Debug, Error)]
pub enum CliError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The orchestrator in this process.
    #[cfg(feature = "orchestrator")]
    #[error(transparent)]
    Orchestrator(#[from] OrchestratorError),
    /// An agent in this process.
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Deploy(#[from] DeployError),
    #[cfg(feature = "localnet")]
    #[error(transparent)]
    Validator(#[from] ValidatorError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Amount(#[from] AmountError),
    #[error(transparent)]
    Measure(#[from] MeasureError),

    /// An argument or setting that cannot be used.
    #[error("{0}")]
    Usage(String),
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error(
        "this build has no `millrace {command}`: build it with the feature `{feature}` (`cargo install --path cli --features {feature}`)"
    )]
    MissingFeature {
        command: &'static str,
        feature: &'static str,
    },
    #[error(
        "this binary was built without the on-chain program: build it with `make program` and pass its file with --program or MILLRACE_PROGRAM_SO"
    )]
    NoProgramFile,
    #[error(
        "the network at {url} is not the one in {file} (id {found}, expected {expected}): start that network again, or pass another file with --network"
    )]
    OtherNetwork {
        url: String,
        file: PathBuf,
        found: String,
        expected: String,
    },
    #[error(
        "cannot mint tokens: {0} is not the mint's authority; on a network of `millrace up`, pass its network file with --network"
    )]
    NoMintAuthority(Pubkey),

    #[error(
        "the orchestrator {url} does not answer ({reason}); check that it is running and that --orchestrator is right"
    )]
    OrchestratorUnreachable { url: String, reason: String },
    #[error("the orchestrator refused the request for {what}: {reason}")]
    OrchestratorRefused { what: String, reason: String },
    #[error("invalid answer of the orchestrator for {what}: {reason}")]
    InvalidAnswer { what: String, reason: String },
    #[error(
        "the orchestrator {url} works on network {found}, but the RPC endpoint serves {expected}; pass this network's orchestrator with --orchestrator"
    )]
    OrchestratorOfAnother {
        url: String,
        found: String,
        expected: String,
    },

    #[error(
        "wallet {} has too little SOL: it has {} SOL, {} SOL are needed, {} SOL are missing{FUND_HINT}",
        .0.wallet, .0.has, .0.needed, .0.missing
    )]
    TooLittleSol(Box<Shortfall>),
    #[error(
        "wallet {} has too few tokens of mint {mint}: it has {}, {} are needed, {} are missing{FUND_HINT}",
        .shortfall.wallet, .shortfall.has, .shortfall.needed, .shortfall.missing
    )]
    TooFewTokens {
        mint: Pubkey,
        shortfall: Box<Shortfall>,
    },
    #[error(
        "no provider works for this price: the cheapest of {providers} providers asks {ask} per unit, you offer {offer}; raise `price.max_per_unit`"
    )]
    PriceBelowEveryAsk {
        providers: usize,
        ask: String,
        offer: String,
    },
    #[error("invalid `price.max_per_unit`: {error}")]
    Price { error: AmountError },
    #[error("`price.max_per_unit` is zero: set at least one base unit of the token, {minimum}")]
    PriceZero { minimum: String },
    #[error(
        "`verify.max_replicas` is {found}, but this network allows at most {max} seats per shard: lower it"
    )]
    TooManyReplicas { found: u8, max: u8 },
    #[error(
        "the job has {found} shards, but this network allows at most {max}: make the shards larger"
    )]
    TooManyShards { found: usize, max: u32 },
    #[error("`windows.{field}` is {found} s, but this network allows {min} s to {max} s")]
    Window {
        field: &'static str,
        found: u64,
        min: u32,
        max: u32,
    },
    #[error(
        "`deadline.within` is {found} s, but must be between {min} s (the windows of one round and of a possible review) and {max} s (the network's maximum)"
    )]
    Deadline { found: u64, min: u64, max: u32 },
    #[error(
        "the maximum cost of this job does not fit 64 bits: lower `price.max_per_unit` or `limits.fuel`"
    )]
    CostTooLarge,
    #[error("the network is paused: no new jobs or stakes until its pauser resumes it")]
    Paused,
    #[error(
        "the stake would be {would_be}, below this network's minimum of {min}: stake at least {missing} more"
    )]
    StakeBelowMinimum {
        would_be: String,
        min: String,
        missing: String,
    },
    #[error("{0} is not a registered provider; register with `millrace provider register`")]
    NotAProvider(Pubkey),
    #[error("provider {0} has no unclaimed earnings")]
    NothingToClaim(Pubkey),

    #[error("aborted: confirmation required; pass --yes to skip the prompt")]
    NotConfirmed,
    #[error("the job cannot be placed now: {0}")]
    NotPlaceable(String),
    #[error("job {0} exists neither on chain nor in the orchestrator's record")]
    NoSuchJob(String),
    #[error(
        "the job has no result yet: {settled} of {shards} shards are settled; wait with `millrace job watch {job}`"
    )]
    NotFinished {
        job: String,
        settled: u32,
        shards: u32,
    },
    /// The job ended without all of its result.
    #[error("the job has no complete result: {reason}; the unspent deposit is refunded")]
    JobFailed { reason: String },
    #[error(
        "the output of shard {index} is not what the quorum agreed on (root {found}, expected {expected}): do not use it; another orchestrator may have the right one"
    )]
    WrongOutput {
        index: u32,
        found: String,
        expected: String,
    },
    #[error("cannot join the outputs: the joining program ended with {exit}{log}")]
    JoinFailed { exit: String, log: String },
    #[error("the audit of job {job} found {count} discrepancies, listed above")]
    AuditFailed { job: String, count: usize },
    #[error("{what} took longer than {seconds} s; run with -v to see the log")]
    TooSlow { what: &'static str, seconds: u64 },
}

impl CliError {
    /// Exit status of the process: 3 if a job cannot be placed now, 4 if an audit found a discrepancy,
    /// 1 otherwise. (clap exits with 2 on an invalid command line.)
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotPlaceable(_) => 3,
            Self::AuditFailed { .. } => 4,
            _ => 1,
        }
    }

    /// For `map_err` of a file operation.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File {
            path,
            reason: error.to_string(),
        }
    }
}
