//! Actions of the parties, and steps of a sequence.

use crate::world::{Answer, JobId, Party, Terms, Vault};
use millrace_program::state::NetworkParameters;
use serde::{Deserialize, Serialize};

/// One instruction with its arguments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Action {
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
        /// The agreed price of each worker; for those after the last one, any price is agreed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agreed: Vec<u64>,
    },
    Commit {
        job: JobId,
        index: u32,
        entries: Vec<Entry>,
    },
    Reveal {
        /// The orchestrator that attests the delivery, or `None` if the preimages are sent by anyone.
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
        #[serde(default)]
        stake_mint: StakeMint,
    },
    ExpireSeat {
        job: JobId,
        index: u32,
        seat: u8,
        worker: usize,
    },
    ExpireJob {
        job: JobId,
    },
    Close {
        job: JobId,
        shards: Vec<u32>,
        /// The orchestrator passed as the rent payer, if it is not the one that paid.
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
        #[serde(default = "any_lock")]
        max_lock: u64,
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
    SeedJob {
        job: JobId,
    },
    Register {
        worker: usize,
        price: u64,
        max_seats: u16,
        #[serde(default = "any_lock")]
        max_lock: u64,
    },
    Deregister {
        by: Party,
        worker: usize,
    },
    RotateOperator {
        by: Party,
        worker: usize,
        /// The hot key that signs from now on.
        operator: usize,
    },
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
        /// The party passed as the rent payer.
        payer: Party,
    },
    /// `to` is `None` if a proposal is withdrawn.
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
        bucket: u8,
        to: Vault,
        amount: u64,
    },
    OpenClient {
        by: usize,
    },
    /// `open_rewards`, or `open_bucket` with a number. Both exist already.
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
        /// The party passed as the payer of the epoch's rent.
        payer: Party,
    },
    ClaimRewards {
        worker: usize,
    },
}

/// The maximum lock of an offer that allows any.
fn any_lock() -> u64 {
    u64::MAX
}

/// Whether a settlement has the accounts that a penalty needs: the mint of stake and its token program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StakeMint {
    /// Given unless all results agree.
    #[default]
    IfNeeded,
    Given,
    Missing,
}

/// The serialized form of the network's parameters.
#[derive(Serialize, Deserialize)]
#[serde(remote = "NetworkParameters")]
struct Numbers {
    min_stake: u64,
    min_bond: u64,
    lock_bps: u64,
    sortition_start: u64,
    reward_bps: u64,
    unbonding_secs: u32,
    min_window_secs: u32,
    max_window_secs: u32,
    accept_secs: u32,
    max_deadline_secs: u32,
    max_shards: u32,
    fee_bps: u16,
    slash_bps: u16,
    late_bps: u16,
    max_replicas: u8,
    draw_slots: u8,
}

/// A commitment or a decline for a seat.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub seat: u8,
    pub worker: usize,
    pub answer: Answer,
    pub forged: Forgery,
}

/// The way in which a signature is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Forgery {
    None,
    /// Another worker's hot key signed.
    Signer,
    /// A hot key of this worker signed that is not in use.
    Retired,
    /// The statement is for the next attempt.
    Attempt,
    /// The statement is for the next shard.
    Shard,
    /// The statement is for another job.
    Job,
}

/// A preimage for a seat.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct RevealedSeat {
    pub seat: u8,
    pub answer: Answer,
}

/// One step of a sequence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Time passes, seconds.
    PassTime(i64),
    /// Slots pass with their blocks, without any time.
    PassSlots(u64),
    /// One transaction. With a number, one of its accounts, selected by the number, is replaced by
    /// another of its kind.
    Send(Vec<Action>, Option<u64>),
}

impl Action {
    /// The name under which the action is counted.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Post { .. } => "post",
            Self::Cancel { .. } => "cancel",
            Self::Assign { .. } => "assign",
            Self::Commit { .. } => "commit",
            Self::Reveal { by: Some(_), .. } => "reveal",
            Self::Reveal { by: None, .. } => "reveal by anyone",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Decline { .. } => "decline",
            Self::Settle { .. } => "settle",
            Self::ExpireSeat { .. } => "expire seat",
            Self::ExpireJob { .. } => "expire job",
            Self::Close { .. } => "close",
            Self::DrawAudit { .. } => "draw audit",
            Self::Challenge { .. } => "challenge",
            Self::Stake { .. } => "stake",
            Self::RequestUnstake { .. } => "request unstake",
            Self::WithdrawStake { .. } => "withdraw stake",
            Self::ClaimEarnings { .. } => "claim earnings",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::SetParameters { .. } => "set parameters",
            Self::UpdateProvider { .. } => "update provider",
            Self::RetireOrchestrator { .. } => "retire orchestrator",
            Self::Donate { .. } => "donate",
            Self::SeedJob { .. } => "seed job",
            Self::Register { .. } => "register",
            Self::Deregister { .. } => "deregister",
            Self::RotateOperator { .. } => "rotate operator",
            Self::RegisterOrchestrator { .. } => "register orchestrator",
            Self::Bond { .. } => "bond",
            Self::WithdrawBond { .. } => "withdraw bond",
            Self::ProposeAuthority { .. } => "propose authority",
            Self::AcceptAuthority { .. } => "accept authority",
            Self::SetPauser { .. } => "set pauser",
            Self::WithdrawTreasury { .. } => "withdraw treasury",
            Self::OpenClient { .. } => "open client",
            Self::Reopen { .. } => "reopen",
            Self::FundRewards { .. } => "fund rewards",
            Self::CloseEpoch { .. } => "close epoch",
            Self::BankRewards { .. } => "bank rewards",
            Self::ClaimRewards { .. } => "claim rewards",
        }
    }
}
