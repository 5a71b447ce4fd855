//! Events of shards: seats, results and settlements.

use crate::prelude::*;

/// Seats were assigned.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsAssigned {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    pub attempt: u8,
    /// The new providers, in the order of their seats.
    pub providers: Vec<Pubkey>,
    /// Stake locked for each seat, base units.
    pub locked: u64,
    /// End of the commit window, unix seconds.
    pub commit_by: i64,
}

/// Commitments were recorded.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentsRecorded {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Indices of the seats.
    pub seats: Vec<u8>,
}

/// Results were revealed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultsRevealed {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Indices of the seats.
    pub seats: Vec<u8>,
    /// Whether an orchestrator attested that it has the outputs.
    pub delivered: bool,
}

/// The delivery of an output was acknowledged after its reveal.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryAcknowledged {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Index of the seat.
    pub seat: u8,
    /// The signer: the client's wallet or an orchestrator's key.
    pub by: Pubkey,
}

/// An audit was drawn.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDrawn {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Whether more seats recompute the result.
    pub audited: bool,
}

/// A result was challenged.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardChallenged {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Index of the challenged seat.
    pub seat: u8,
    /// The provider of the challenged seat, which is paid out of the bond if no other result is revealed.
    pub provider: Pubkey,
    /// The signer who challenged.
    pub challenger: Pubkey,
    /// The bond, base units of the payment mint.
    pub bond: u64,
}

/// A challenge was decided. Amounts are base units of the payment mint.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeDecided {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Whether the challenged result differs from the quorum's.
    pub upheld: bool,
    /// Part of the bond returned to the challenger.
    pub bond_returned: u64,
    /// Part of the bond that pays for the additional seats.
    pub bond_to_job: u64,
    /// Part of the bond that pays the challenged seat.
    pub bond_to_provider: u64,
}

/// The payment of a seat.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
}

/// A shard was settled.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardSettled {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Root of the quorum's result.
    pub root: [u8; 32],
    /// Units of the quorum's result.
    pub units: u64,
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the treasury, base units.
    pub fee: u64,
    /// Points given to providers.
    pub points: u64,
    /// The payments of the seats that agreed, in the order of the seats.
    pub payments: Vec<Payment>,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
    /// Held by the job afterwards, base units.
    pub held_after: u64,
}

/// A shard started another round.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardReopened {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// The new attempt.
    pub attempt: u8,
    /// Number of seats of the new round.
    pub target: u8,
}

/// A shard ended without a result.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFailed {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
}

/// A seat that did not commit in time was freed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatExpired {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Index of the seat.
    pub seat: u8,
    /// The provider that held the seat.
    pub provider: Pubkey,
}

/// A provider declined its seat in time.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatDeclined {
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Index of the seat.
    pub seat: u8,
    /// The provider that held the seat.
    pub provider: Pubkey,
}
