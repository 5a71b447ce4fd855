//! What parties do, and what happens between it.

use super::world::{Answer, JobId, Terms, Vault, Who};
use millrace_program::state::NetworkParameters;

/// One instruction with the arguments that somebody chose.
#[derive(Clone, Debug)]
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
}

/// A commitment or a refusal for a seat.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub seat: u8,
    pub worker: usize,
    pub answer: Answer,
    pub forged: Forged,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    Nothing,
    /// Another worker's hot key signed.
    Signer,
    /// It was made for the attempt after the seat's.
    Attempt,
    /// It was made for the next shard.
    Shard,
    /// It was made for another job.
    Job,
}

/// A preimage for a seat.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    pub seat: u8,
    pub answer: Answer,
}

/// What happens next.
#[derive(Clone, Debug)]
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
        }
    }
}
