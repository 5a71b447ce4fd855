//! What parties do, and what happens between it.

use crate::world::{Answer, JobId, Mint, Terms, Vault, Who};
use millrace_program::state::NetworkParameters;
use serde::{Deserialize, Serialize};

/// One instruction with the arguments that somebody chose.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Act {
    Post {
        by: usize,
        terms: Terms,
    },
    Cancel {
        by: Who,
        job: JobId,
    },
    Assign {
        by: Who,
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
        by: Option<Who>,
        job: JobId,
        index: u32,
        openings: Vec<Opening>,
    },
    Acknowledge {
        by: Who,
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
    Draw {
        job: JobId,
        index: u32,
    },
    Challenge {
        by: Who,
        job: JobId,
        index: u32,
    },
    Stake {
        by: Who,
        worker: usize,
        amount: u64,
    },
    Unstake {
        by: Who,
        worker: usize,
        amount: u64,
    },
    Withdraw {
        by: Who,
        worker: usize,
    },
    Claim {
        worker: usize,
    },
    Pause {
        by: Who,
    },
    Resume {
        by: Who,
    },
    Parameters {
        by: Who,
        #[serde(with = "Numbers")]
        parameters: NetworkParameters,
    },
    Offer {
        by: Who,
        worker: usize,
        price: u64,
        places: u16,
    },
    Retire {
        by: Who,
        conductor: usize,
    },
    Donate {
        by: Who,
        to: Vault,
        amount: u64,
    },
    /// `seed_job`.
    Seed {
        job: JobId,
    },
    Register {
        worker: usize,
        price: u64,
        places: u16,
    },
    Deregister {
        by: Who,
        worker: usize,
    },
    Rotate {
        by: Who,
        worker: usize,
        /// Which of its hot keys signs from now on.
        operator: usize,
    },
    /// `register_orchestrator`.
    Appoint {
        by: Who,
        conductor: usize,
    },
    Bond {
        by: Who,
        conductor: usize,
        amount: u64,
    },
    WithdrawBond {
        conductor: usize,
        /// Who is said to have paid the rent.
        payer: Who,
    },
    /// `propose_authority`; nobody where a proposal is taken back.
    Propose {
        by: Who,
        to: Option<Who>,
    },
    Accept {
        by: Who,
    },
    SetPauser {
        by: Who,
        to: Who,
    },
    WithdrawTreasury {
        by: Who,
        mint: Mint,
        bucket: u8,
        to: Vault,
        amount: u64,
    },
    OpenClient {
        by: usize,
    },
    /// `open_rewards`, or `open_bucket` with a number.
    Open {
        by: Who,
        bucket: Option<u8>,
    },
    Fund {
        by: Who,
        amount: u64,
    },
    CloseEpoch {
        by: Who,
        number: u32,
    },
    Bank {
        worker: usize,
        number: u32,
        /// Who is said to have paid the epoch's rent.
        payer: Who,
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
    pub forged: Forged,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forged {
    Nothing,
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
pub struct Opening {
    pub seat: u8,
    pub answer: Answer,
}

/// What happens next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Step {
    /// Time passes, seconds.
    Pass(i64),
    /// Slots pass with blocks in them, and no time.
    Blocks(u64),
    /// One transaction. With a number, one of its accounts is another than it should be, which one the
    /// number decides.
    Send(Vec<Act>, Option<u64>),
}

impl Act {
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
            Self::Draw { .. } => "draw",
            Self::Challenge { .. } => "challenge",
            Self::Stake { .. } => "stake",
            Self::Unstake { .. } => "unstake",
            Self::Withdraw { .. } => "withdraw",
            Self::Claim { .. } => "claim",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Parameters { .. } => "parameters",
            Self::Offer { .. } => "offer",
            Self::Retire { .. } => "retire",
            Self::Donate { .. } => "donate",
            Self::Seed { .. } => "seed",
            Self::Register { .. } => "register",
            Self::Deregister { .. } => "deregister",
            Self::Rotate { .. } => "rotate",
            Self::Appoint { .. } => "appoint",
            Self::Bond { .. } => "bond",
            Self::WithdrawBond { .. } => "withdraw bond",
            Self::Propose { .. } => "propose",
            Self::Accept { .. } => "accept",
            Self::SetPauser { .. } => "set pauser",
            Self::WithdrawTreasury { .. } => "withdraw treasury",
            Self::OpenClient { .. } => "open client",
            Self::Open { .. } => "open again",
            Self::Fund { .. } => "fund",
            Self::CloseEpoch { .. } => "close epoch",
            Self::Bank { .. } => "bank",
            Self::ClaimRewards { .. } => "claim rewards",
        }
    }
}
