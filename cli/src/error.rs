//! Everything that can end a command, in words that say what is wrong and what to do.

use crate::deploy::error::DeployError;
use crate::localnet::validator::ValidatorError;
use millrace_client::{ChainError, Pubkey};
use millrace_migrations::MigrationError;
use millrace_orchestrator::OrchestratorError;
use millrace_protocol::amount::{AmountError, MeasureError, format_amount};
use millrace_protocol::manifest::ManifestError;
use millrace_provider::AgentError;
use millrace_runtime::RunError;
use std::path::PathBuf;
use thiserror::Error;

/// Said where a wallet lacks something.
const FUND_HINT: &str = " (on a local network, get some with `millrace wallet fund`)";

/// What a wallet lacks, in numbers with a decimal point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The wallet.
    pub wallet: Pubkey,
    /// What it has.
    pub has: String,
    /// What it needs.
    pub needed: String,
    /// The difference.
    pub missing: String,
}

impl Shortfall {
    /// What is missing of `needed` base units of something with `decimals`; `None` where nothing is.
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

/// Why a command failed.
#[derive(Debug, Error)]
#[expect(
    missing_docs,
    reason = "the message of each variant says what its fields are"
)]
pub enum CliError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A manifest.
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    /// A migration.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The orchestrator, where it runs in this process.
    #[error(transparent)]
    Orchestrator(#[from] OrchestratorError),
    /// An agent in this process.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The program on chain.
    #[error(transparent)]
    Load(#[from] DeployError),
    /// The embedded validator.
    #[error(transparent)]
    Validator(#[from] ValidatorError),
    /// WebAssembly on this machine.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An amount that was typed.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// A size or a duration that was typed.
    #[error(transparent)]
    Measure(#[from] MeasureError),

    /// Something typed that can't be meant.
    #[error("{0}")]
    Usage(String),
    /// A file.
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    /// No program to load.
    #[error(
        "this binary was built without the on-chain program: build it with `make program` and pass its file with --program or MILLRACE_PROGRAM_SO"
    )]
    NoProgramFile,
    /// The RPC endpoint has another network than the network file.
    #[error(
        "the network at {url} is not the one of {file} (id {found}, expected {expected}): start that one again, or pass another file with --network"
    )]
    OtherNetwork {
        url: String,
        file: PathBuf,
        found: String,
        expected: String,
    },
    /// The key has no tokens to mint.
    #[error(
        "tokens can't be made here: {0} is not the mint's authority; on a network of `millrace up`, pass its network file with --network"
    )]
    NoMintAuthority(Pubkey),

    /// The orchestrator does not answer.
    #[error(
        "the orchestrator {url} does not answer ({reason}); is it running, and is --orchestrator right?"
    )]
    OrchestratorUnreachable { url: String, reason: String },
    /// The orchestrator answered with an error.
    #[error("the orchestrator refused {what}: {reason}")]
    OrchestratorRefused { what: String, reason: String },
    /// The orchestrator works on another network.
    #[error(
        "the orchestrator {url} works on network {found}, and the RPC endpoint has {expected}; pass the --orchestrator of this network"
    )]
    OrchestratorOfAnother {
        url: String,
        found: String,
        expected: String,
    },

    /// Too little SOL.
    #[error(
        "the wallet {} has too little SOL: it has {} SOL, {} SOL are needed, {} SOL are missing{FUND_HINT}",
        .0.wallet, .0.has, .0.needed, .0.missing
    )]
    TooLittleSol(Box<Shortfall>),
    /// Too few tokens.
    #[error(
        "the wallet {} has too few tokens of mint {mint}: it has {}, {} are needed, {} are missing{FUND_HINT}",
        .shortfall.wallet, .shortfall.has, .shortfall.needed, .shortfall.missing
    )]
    TooFewTokens {
        mint: Pubkey,
        shortfall: Box<Shortfall>,
    },
    /// Nobody works for that price.
    #[error(
        "nobody works for this price: the cheapest of {providers} providers asks {ask} per unit, you offer {offer}; raise `price.max_per_unit`"
    )]
    PriceBelowEveryAsk {
        providers: usize,
        ask: String,
        offer: String,
    },
    /// A price that is no amount of the token.
    #[error("`price.max_per_unit`: {error}")]
    Price { error: AmountError },
    /// A price of nothing.
    #[error(
        "the price is zero: `price.max_per_unit` has to be at least one base unit of the token, {least}"
    )]
    PriceZero { least: String },
    /// More seats than the network allows.
    #[error(
        "`verify.max_replicas` is {found}, and this network allows at most {most} seats at a shard: lower it"
    )]
    TooManyReplicas { found: u8, most: u8 },
    /// More shards than the network allows.
    #[error(
        "the job would have {found} shards, and this network allows at most {most}: make the shards larger"
    )]
    TooManyShards { found: usize, most: u32 },
    /// A window outside the network's bounds.
    #[error("`windows.{field}` is {found} s, and this network allows {least} s to {most} s")]
    Window {
        field: &'static str,
        found: u64,
        least: u32,
        most: u32,
    },
    /// A deadline that is no good.
    #[error(
        "`deadline.within` is {found} s, and it has to be {least} s (the windows of a round of work, and of what may follow a doubt) to {most} s (what this network allows)"
    )]
    Deadline { found: u64, least: u64, most: u32 },
    /// The most that the job costs does not fit 64 bits.
    #[error(
        "the most that this job could cost is too large to be counted: lower `price.max_per_unit` or `limits.fuel`"
    )]
    CostTooLarge,
    /// The network is paused.
    #[error("the network is paused: it takes no new jobs and stakes until its pauser resumes it")]
    Paused,
    /// Stake below the minimum.
    #[error(
        "the stake would be {would_be}, below this network's minimum of {least}: stake at least {missing} more"
    )]
    StakeBelowMinimum {
        would_be: String,
        least: String,
        missing: String,
    },
    /// There is no such provider.
    #[error("{0} is no registered provider; register with `millrace provider register`")]
    NotAProvider(Pubkey),
    /// Nothing to claim.
    #[error("the provider {0} has earned nothing that it has not claimed yet")]
    NothingToClaim(Pubkey),

    /// Not confirmed.
    #[error("nothing was sent: this needs a yes; pass --yes where nobody can be asked")]
    NotConfirmed,
    /// The job would have to wait.
    #[error("the job could be posted, but not be placed now: {0}")]
    NotPlaceable(String),
    /// No such job.
    #[error("there is no job {0}: neither on chain nor in the orchestrator's record")]
    NoSuchJob(String),
    /// The job has not ended.
    #[error(
        "the job has no result yet: {settled} of {shards} shards are paid; wait with `millrace job watch {job}`"
    )]
    NotFinished {
        job: String,
        settled: u32,
        shards: u32,
    },
    /// The job ended without all of its result.
    #[error("the job has no complete result: {reason}; what was not paid is refunded")]
    JobFailed { reason: String },
    /// An output that is not what was paid for.
    #[error(
        "the output of shard {index} is not what the quorum agreed on (root {found}, expected {expected}): do not use it; another orchestrator may have the right one"
    )]
    WrongOutput {
        index: u32,
        found: String,
        expected: String,
    },
    /// The joining program failed.
    #[error("the outputs could not be joined: the joining program ended with {ending}{log}")]
    JoinFailed { ending: String, log: String },
    /// An audit found something.
    #[error(
        "{count} things about the job {job} are not as they should be: they are listed above, each with what to compare"
    )]
    AuditFailed { job: String, count: usize },
    /// Something did not happen in time.
    #[error("{what} took longer than {seconds} s; see the log with -v")]
    TooSlow { what: &'static str, seconds: u64 },
}

impl CliError {
    /// What the process ends with: 3 where a job could not be placed now, 4 where an audit found something,
    /// and 1 for all else. (2 is for what was typed wrongly.)
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotPlaceable(_) => 3,
            Self::AuditFailed { .. } => 4,
            _ => 1,
        }
    }

    /// For `map_err` of something done to a file.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::File {
            path,
            reason: error.to_string(),
        }
    }
}
