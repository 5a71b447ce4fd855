//! Every refusal by name. Codes are positional and clients match on them: append only.

use anchor_lang::prelude::*;

/// Why an instruction was refused.
#[error_code]
#[derive(PartialEq, Eq)]
pub enum MillraceError {
    /// The sum would not fit 64 bits.
    #[msg("An amount overflowed")]
    AmountOverflow,
    /// Books of an account stopped adding up; the transaction is undone.
    #[msg("The books of an account do not add up")]
    InvariantBroken,
    /// The signer may not do this.
    #[msg("The signer has no authority over this account")]
    NotAuthorized,
    /// New stakes, jobs and assignments are paused.
    #[msg("The network is paused: new stakes, jobs and assignments wait until it resumes")]
    NetworkPaused,
    /// A parameter lies outside its constant bounds.
    #[msg("A network parameter is outside its bounds")]
    ParameterOutOfBounds,
    /// The mint is not an SPL Token mint.
    #[msg("The mint must belong to the SPL Token program")]
    MintNotSupported,
    /// The account given is not the one that the books name.
    #[msg("An account is not the one that this instruction needs")]
    WrongAccount,
    /// Treasury bucket out of range or not open yet.
    #[msg("The treasury bucket does not exist")]
    TreasuryBucket,
    /// Amounts of zero do nothing and are refused.
    #[msg("The amount must be above zero")]
    AmountZero,
    /// The stake would stay below the network's minimum.
    #[msg("The stake stays below the network's minimum")]
    StakeBelowMinimum,
    /// Free stake does not cover the seat.
    #[msg("The provider's free stake does not cover the seat")]
    StakeNotFree,
    /// The provider holds as many seats as it said it can.
    #[msg("The provider holds as many seats as it can")]
    ProviderFull,
    /// The provider does not meet the job's requirement.
    #[msg("The provider does not meet the job's requirement")]
    ProviderNotEligible,
    /// The provider asks more than the job's price cap.
    #[msg("The provider asks more than the job pays")]
    PriceAboveCap,
    /// The provider has a seat at this shard already.
    #[msg("The provider has a seat at this shard already")]
    SeatDuplicate,
    /// No seat is free, or the shard takes none now.
    #[msg("The shard has no free seat")]
    SeatTaken,
    /// The seat is not in the state that the act needs.
    #[msg("The seat is not in the state that this needs")]
    SeatState,
    /// The shard is not in the state that the act needs.
    #[msg("The shard is not in the state that this needs")]
    ShardState,
    /// The job is not in the state that the act needs.
    #[msg("The job is not in the state that this needs")]
    JobState,
    /// Price cap or units of zero.
    #[msg("The price cap and the units must be above zero")]
    PriceZero,
    /// The number of shards is zero or above the network's limit.
    #[msg("The number of shards is outside the network's limits")]
    ShardsOutOfBounds,
    /// Replicas, quorum and most replicas do not fit together.
    #[msg("The quorum must be a majority of the most replicas and at most the replicas")]
    QuorumOutOfBounds,
    /// A window lies outside the network's limits.
    #[msg("A window is outside the network's limits")]
    WindowOutOfBounds,
    /// The deadline is in the past, too near for one round, or too far.
    #[msg("The deadline is in the past, too near for one round of work, or too far")]
    DeadlineOutOfBounds,
    /// Scenario, verification mode or meter is not known to this version.
    #[msg("The scenario, verification mode or meter is not supported")]
    ModeNotSupported,
    /// The deposit would be more than the client agreed to.
    #[msg("The deposit would be more than the client agreed to")]
    DepositAboveConsent,
    /// The nonce is not the client's next one.
    #[msg("The nonce is not the client's next one")]
    NonceMismatch,
    /// Too late for this act.
    #[msg("The time for this has passed")]
    TooLate,
    /// Too early for this act.
    #[msg("It is too early for this")]
    TooEarly,
    /// The instruction before this one is no fitting ed25519 check.
    #[msg("The instruction before must be the ed25519 check of exactly these commitments")]
    SignatureCheckMissing,
    /// The ed25519 check covers another key or message, or reads elsewhere.
    #[msg("The ed25519 check does not cover this commitment")]
    SignatureMismatch,
    /// The reveal does not open the commitment.
    #[msg("The reveal does not open the commitment")]
    RevealMismatch,
    /// Reveals wait until no commitment can follow.
    #[msg("Reveals wait until all commitments are in or their window is over")]
    RevealsClosed,
    /// The shard can't be settled yet.
    #[msg("The shard is not due: seats may still commit or reveal")]
    NotDue,
    /// Nothing that no seat has taken is left to cancel.
    #[msg("Nothing is left to cancel: every shard has been handed out")]
    NothingToCancel,
    /// The job asks for another orchestrator.
    #[msg("The job asks for another orchestrator")]
    OrchestratorMismatch,
    /// The orchestrator has been retired.
    #[msg("The orchestrator is not active")]
    OrchestratorInactive,
    /// A list in the instruction is empty or too long.
    #[msg("A list in the instruction is empty, too long, or lacks accounts")]
    ListLength,
    /// Text in a tag is not printable ASCII padded with zeros.
    #[msg("A tag must be printable ASCII padded with zeros")]
    TagInvalid,
}

#[cfg(not(target_os = "solana"))]
impl MillraceError {
    /// Every error, in the order of the codes.
    pub const ALL: &[Self] = &[
        Self::AmountOverflow,
        Self::InvariantBroken,
        Self::NotAuthorized,
        Self::NetworkPaused,
        Self::ParameterOutOfBounds,
        Self::MintNotSupported,
        Self::WrongAccount,
        Self::TreasuryBucket,
        Self::AmountZero,
        Self::StakeBelowMinimum,
        Self::StakeNotFree,
        Self::ProviderFull,
        Self::ProviderNotEligible,
        Self::PriceAboveCap,
        Self::SeatDuplicate,
        Self::SeatTaken,
        Self::SeatState,
        Self::ShardState,
        Self::JobState,
        Self::PriceZero,
        Self::ShardsOutOfBounds,
        Self::QuorumOutOfBounds,
        Self::WindowOutOfBounds,
        Self::DeadlineOutOfBounds,
        Self::ModeNotSupported,
        Self::DepositAboveConsent,
        Self::NonceMismatch,
        Self::TooLate,
        Self::TooEarly,
        Self::SignatureCheckMissing,
        Self::SignatureMismatch,
        Self::RevealMismatch,
        Self::RevealsClosed,
        Self::NotDue,
        Self::NothingToCancel,
        Self::OrchestratorMismatch,
        Self::OrchestratorInactive,
        Self::ListLength,
        Self::TagInvalid,
    ];

    /// The error with this number, counted from zero.
    pub fn from_number(number: u8) -> Option<&'static Self> {
        Self::ALL.get(usize::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::MillraceError;

    #[test]
    fn the_list_is_in_the_order_of_the_codes() {
        assert_eq!(MillraceError::ALL[0] as u32, 0);
        for pair in MillraceError::ALL.windows(2) {
            assert_eq!(pair[0] as u32 + 1, pair[1] as u32);
        }
    }
}
