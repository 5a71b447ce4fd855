//! Of shards: seats, results, verdicts.

use crate::prelude::*;

/// Providers sat down at a shard.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsAssigned {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The attempt.
    pub attempt: u8,
    /// Who sat down, in the order of the seats.
    pub providers: Vec<Pubkey>,
    /// Stake locked for each, base units.
    pub locked: u64,
    /// End of the commit window, unix seconds.
    pub commit_by: i64,
}

/// Commitments were recorded.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentsRecorded {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
}

/// Results were shown.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultsRevealed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seats.
    pub seats: Vec<u8>,
    /// Whether an orchestrator has the outputs.
    pub delivered: bool,
}

/// An output that its provider had shown by itself is there.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAcknowledged {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who says so.
    pub by: Pubkey,
}

/// A draw decided whether others recompute a result.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDrawn {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// Whether they do.
    pub audited: bool,
}

/// A result was challenged.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardChallenged {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat with the result.
    pub seat: u8,
    /// Who sits there, and is paid out of the bond where nobody hears the challenge.
    pub provider: Pubkey,
    /// Who challenged.
    pub challenger: Pubkey,
    /// What is at stake, base units of the payment mint.
    pub bond: u64,
}

/// A challenge ended. Amounts are base units of the payment mint.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeDecided {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The challenged result was not the quorum's.
    pub upheld: bool,
    /// Part of the bond that went back.
    pub bond_returned: u64,
    /// Part of the bond that paid further seats.
    pub bond_to_job: u64,
    /// Part of the bond that paid the challenged seat.
    pub bond_to_provider: u64,
}

/// What a seat was paid.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
}

/// A shard was paid.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSettled {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The quorum's result root.
    pub root: [u8; 32],
    /// The quorum's units.
    pub units: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Points given for it.
    pub points: u64,
    /// What each seat that agreed was paid, in the order of the seats.
    pub payments: Vec<Payment>,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
    /// Held by the job after it.
    pub held_after: u64,
}

/// More seats were opened at a shard.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardReopened {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The new attempt.
    pub attempt: u8,
    /// Seats it has now.
    pub target: u8,
}

/// A shard ended without a result.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFailed {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
}

/// A seat that did not commit was freed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatExpired {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who sat there.
    pub provider: Pubkey,
}

/// A seat was declined in time.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatDeclined {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// Who sat there.
    pub provider: Pubkey,
}
