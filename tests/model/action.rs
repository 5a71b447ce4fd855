//! What parties do, and what happens between it.

use crate::world::{Answer, JobId, Mint, Party, Terms, Vault};
use millrace_program::state::NetworkParameters;
use serde::{Deserialize, Serialize};

/// One instruction with the arguments that somebody chose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Action {
    Post {
        by: usize,
        terms: Terms,
    },
    Cancel {
        by: Party,
        job: JobId,
    },
    Assign {
        by: Party,
        job: JobId,
        index: u32,
        workers: Vec<usize>,
    },
    Commit {
        job: JobId,
        index: u32,
        entries: Vec<Entry>,
    },
    Reveal {
        /// Who attests the delivery; nobody where the preimages come alone.
        by: Option<Party>,
        job: JobId,
        index: u32,
        reveals: Vec<RevealedSeat>,
    },
    Acknowledge {
        by: Party,
        job: JobId,
        index: u32,
        seat: u8,
    },
    Decline {
        job: JobId,
        index: u32,
        entry: Entry,
    },
    Settle {
        job: JobId,
        index: u32,
        bounty: Option<Vault>,
    },
    ExpireSeat {
        job: JobId,
        index: u32,
        seat: u8,
        worker: usize,
        bounty: Option<Vault>,
    },
    ExpireJob {
        job: JobId,
    },
    Close {
        job: JobId,
        shards: Vec<u32>,
        /// The orchestrator that is said to have paid the rent, where that is not the one that did.
        payer: Option<usize>,
    },
    DrawAudit {
        job: JobId,
        index: u32,
    },
    Challenge {
        by: Party,
        job: JobId,
        index: u32,
    },
    Stake {
        by: Party,
        worker: usize,
        amount: u64,
    },
    RequestUnstake {
        by: Party,
        worker: usize,
        amount: u64,
    },
    WithdrawStake {
        by: Party,
        worker: usize,
    },
    ClaimEarnings {
        worker: usize,
    },
    Pause {
        by: Party,
    },
    Resume {
        by: Party,
    },
    SetParameters {
        by: Party,
        #[serde(with = "Numbers")]
        parameters: NetworkParameters,
    },
    UpdateProvider {
        by: Party,
        worker: usize,
        price: u64,
        max_seats: u16,
    },
    RetireOrchestrator {
        by: Party,
        orchestrator: usize,
    },
    Donate {
        by: Party,
        to: Vault,
        amount: u64,
    },
    /// `seed_job`.
    SeedJob {
        job: JobId,
    },
    Register {
        worker: usize,
        price: u64,
        max_seats: u16,
    },
    Deregister {
        by: Party,
        worker: usize,
    },
    RotateOperator {
        by: Party,
        worker: usize,
        /// Which of its hot keys signs from now on.
        operator: usize,
    },
    /// `register_orchestrator`.
    RegisterOrchestrator {
        by: Party,
        orchestrator: usize,
    },
    Bond {
        by: Party,
        orchestrator: usize,
        amount: u64,
    },
    WithdrawBond {
        orchestrator: usize,
        /// Who is said to have paid the rent.
        payer: Party,
    },
    /// `propose_authority`; nobody where a proposal is taken back.
    ProposeAuthority {
        by: Party,
        to: Option<Party>,
    },
    AcceptAuthority {
        by: Party,
    },
    SetPauser {
        by: Party,
        to: Party,
    },
    WithdrawTreasury {
        by: Party,
        mint: Mint,
        bucket: u8,
        to: Vault,
        amount: u64,
    },
    OpenClient {
        by: usize,
    },
    /// `open_rewards`, or `open_bucket` with a number.
    Reopen {
        by: Party,
        bucket: Option<u8>,
    },
    FundRewards {
        by: Party,
        amount: u64,
    },
    CloseEpoch {
        by: Party,
        number: u32,
    },
    BankRewards {
        worker: usize,
        number: u32,
        /// Who is said to have paid the epoch's rent.
        payer: Party,
    },
    ClaimRewards {
        worker: usize,
    },
}

/// The network's parameters, as they are written down.
#[derive(Serialize, Deserialize)]
#[serde(remote = "NetworkParameters")]
struct Numbers {
    min_stake: u64,
    min_bond: u64,
    lock_bps: u64,
    sortition_start: u64,
    unbonding_secs: u32,
    min_window_secs: u32,
    max_window_secs: u32,
    accept_secs: u32,
    max_deadline_secs: u32,
    max_shards: u32,
    fee_bps: u16,
    slash_bps: u16,
    late_bps: u16,
    bounty_bps: u16,
    max_replicas: u8,
    draw_slots: u8,
}

/// A commitment or a refusal for a seat.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub seat: u8,
    pub worker: usize,
    pub answer: Answer,
    pub forged: Forgery,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forgery {
    None,
    /// Another worker's hot key signed.
    Signer,
    /// A hot key of this worker signed that is not, or no longer, in use.
    Retired,
    /// It was made for the attempt after the seat's.
    Attempt,
    /// It was made for the next shard.
    Shard,
    /// It was made for another job.
    Job,
}

/// A preimage for a seat.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RevealedSeat {
    pub seat: u8,
    pub answer: Answer,
}

/// What happens next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Time passes, seconds.
    PassTime(i64),
    /// Slots pass with blocks in them, and no time.
    PassSlots(u64),
    /// One transaction. With a number, one of its accounts is another than it should be, which one the
    /// number decides.
    Send(Vec<Action>, Option<u64>),
}

impl Action {
    /// What it is counted as.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Post { .. } => "post",
            Self::Cancel { .. } => "cancel",
            Self::Assign { .. } => "assign",
            Self::Commit { .. } => "commit",
            Self::Reveal { by: Some(_), .. } => "reveal",
            Self::Reveal { by: None, .. } => "show",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Decline { .. } => "decline",
            Self::Settle { .. } => "settle",
            Self::ExpireSeat { .. } => "expire seat",
            Self::ExpireJob { .. } => "expire job",
            Self::Close { .. } => "close",
            Self::DrawAudit { .. } => "draw",
            Self::Challenge { .. } => "challenge",
            Self::Stake { .. } => "stake",
            Self::RequestUnstake { .. } => "unstake",
            Self::WithdrawStake { .. } => "withdraw",
            Self::ClaimEarnings { .. } => "claim",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::SetParameters { .. } => "parameters",
            Self::UpdateProvider { .. } => "offer",
            Self::RetireOrchestrator { .. } => "retire",
            Self::Donate { .. } => "donate",
            Self::SeedJob { .. } => "seed",
            Self::Register { .. } => "register",
            Self::Deregister { .. } => "deregister",
            Self::RotateOperator { .. } => "rotate",
            Self::RegisterOrchestrator { .. } => "appoint",
            Self::Bond { .. } => "bond",
            Self::WithdrawBond { .. } => "withdraw bond",
            Self::ProposeAuthority { .. } => "propose",
            Self::AcceptAuthority { .. } => "accept",
            Self::SetPauser { .. } => "set pauser",
            Self::WithdrawTreasury { .. } => "withdraw treasury",
            Self::OpenClient { .. } => "open client",
            Self::Reopen { .. } => "open again",
            Self::FundRewards { .. } => "fund",
            Self::CloseEpoch { .. } => "close epoch",
            Self::BankRewards { .. } => "bank",
            Self::ClaimRewards { .. } => "claim rewards",
        }
    }
}
