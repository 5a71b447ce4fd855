//! Every refusal by name. Codes are positional and clients match on them: append only.

use crate::prelude::*;

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
    /// The mint is no mint of a token program, or not the network's.
    #[msg("The mint is no initialized mint of a token program, or not the network's")]
    MintNotSupported,
    /// The account given is not the one that the books name.
    #[msg("An account is not the one that this instruction needs")]
    WrongAccount,
    /// Treasury bucket out of range or not open yet.
    #[msg("The treasury bucket does not exist")]
    BucketNotOpen,
    /// Amounts of zero do nothing and are refused.
    #[msg("The amount must be above zero")]
    AmountZero,
    /// The stake would stay below the network's minimum.
    #[msg("The stake stays below the network's minimum")]
    StakeBelowMinimum,
    /// Free stake does not cover the seat.
    #[msg("The provider's free stake does not cover the seat")]
    InsufficientFreeStake,
    /// The provider holds as many seats as it said it can.
    #[msg("The provider holds as many seats as it can")]
    ProviderAtCapacity,
    /// The provider does not meet the job's requirement.
    #[msg("The provider does not meet the job's requirement")]
    ProviderNotEligible,
    /// The provider asks more than the job's price cap.
    #[msg("The provider asks more than the job pays")]
    PriceAboveCap,
    /// The provider has a seat at this shard already.
    #[msg("The provider has a seat at this shard already")]
    AlreadySeated,
    /// No seat is free, or the shard takes none now.
    #[msg("The shard has no free seat")]
    NoFreeSeat,
    /// The seat is not in the state that the act needs.
    #[msg("The seat is not in the state that this needs")]
    WrongSeatStatus,
    /// The shard is not in the state that the act needs.
    #[msg("The shard is not in the state that this needs")]
    WrongShardState,
    /// The job is not in the state that the act needs.
    #[msg("The job is not in the state that this needs")]
    WrongJobState,
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
    DepositAboveMaximum,
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
    RevealsNotOpen,
    /// The shard can't be settled yet.
    #[msg("The shard is not due: seats may still commit or reveal")]
    ShardNotDue,
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
    WrongListLength,
    /// Text in a tag is not printable ASCII padded with zeros.
    #[msg("A tag must be printable ASCII padded with zeros")]
    TagInvalid,
    /// The bucket's index is above the last one.
    #[msg("There is no bucket with this index")]
    BucketOutOfBounds,
    /// A provider must take at least one seat.
    #[msg("A provider must take at least one seat at a time")]
    SeatsZero,
    /// The only shard of a job lies in the job's account; others have their own.
    #[msg("The only shard of a job has no account of its own, and every other one has")]
    WrongShardAccount,
    /// The orchestrator's bond is below the network's minimum.
    #[msg("The orchestrator's bond is below the network's minimum")]
    BondBelowMinimum,
    /// The orchestrator has to be retired first.
    #[msg("The orchestrator is active: it has to be retired first")]
    OrchestratorActive,
    /// The provider still has seats, stake, earnings or rewards.
    #[msg(
        "The provider still has seats, stake, earnings or rewards: end, withdraw and claim them first"
    )]
    ProviderNotSettled,
    /// Sortition does not admit the provider yet.
    #[msg("Sortition does not admit this provider to the seat yet: its chances double each slot")]
    NotAdmittedYet,
    /// The block that the seed comes from is not there yet.
    #[msg("The block whose hash is the job's seed is not there yet")]
    SeedNotAvailable,
    /// The seed has to be taken first.
    #[msg("The job's seed has not been taken yet, and sortition needs it")]
    SeedNotSet,
    /// The job has its seed.
    #[msg("The job has its seed already")]
    SeedAlreadySet,
    /// No audit is to be drawn.
    #[msg("No audit is to be drawn at this shard")]
    NoAuditPending,
    /// The audit's rate does not fit the mode.
    #[msg(
        "An audit's rate must be above zero and at most 10,000 basis points, and zero without audits"
    )]
    AuditRateOutOfBounds,
    /// The accounts of the challenge are missing.
    #[msg("The shard is challenged, and the accounts of the challenge are missing")]
    ChallengeMissing,
    /// Nobody has points of this epoch.
    #[msg("Nobody has points of this epoch")]
    NoPointsInEpoch,
    /// Fewer or more tokens arrived than were sent.
    #[msg("Another amount of tokens arrived in the vault than was sent")]
    DepositAmountMismatch,
    /// Token-2022 extension.
    #[msg("The mint takes a fee of every transfer")]
    MintHasTransferFee,
    /// Token-2022 extension.
    #[msg("The mint can be closed and made anew")]
    MintHasCloseAuthority,
    /// Token-2022 extension.
    #[msg("The mint can hide balances")]
    MintIsConfidential,
    /// Token-2022 extension.
    #[msg("Accounts of the mint can be born frozen")]
    MintHasDefaultState,
    /// Token-2022 extension.
    #[msg("The mint's tokens can't be transferred")]
    MintIsNonTransferable,
    /// Token-2022 extension.
    #[msg("The mint shows amounts with interest that nobody pays")]
    MintIsInterestBearing,
    /// Token-2022 extension.
    #[msg("Somebody can take the mint's tokens out of every account")]
    MintHasPermanentDelegate,
    /// Token-2022 extension.
    #[msg("The mint calls another program at every transfer")]
    MintHasTransferHook,
    /// Token-2022 extension.
    #[msg("The mint shows amounts multiplied by a number that can change")]
    MintHasScaledAmounts,
    /// Token-2022 extension.
    #[msg("All transfers of the mint can be paused")]
    MintIsPausable,
    /// Token-2022 extension.
    #[msg("Burning the mint's tokens needs another's permission")]
    MintHasPermissionedBurn,
    /// Token-2022 extension that this version does not know.
    #[msg("The mint has an extension that this version does not know")]
    MintExtensionUnknown,
    /// Results may be known: nobody can sit down any more.
    #[msg("Results of this round may be known already, so nobody can sit down in it")]
    RevealsOpen,
    /// Seats are late, and have to be expired first.
    #[msg("Seats of this shard are late: they have to be expired first")]
    LateSeatsNotExpired,
    /// The provider registered after the job was posted.
    #[msg(
        "The provider registered after the job was posted, and could have chosen its address by the seed"
    )]
    RegisteredAfterPosting,
    /// No more seats are given up at this shard.
    #[msg("Seats of this shard have been given up too often: it goes on with those that it has")]
    TooManyAttempts,
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
        Self::BucketNotOpen,
        Self::AmountZero,
        Self::StakeBelowMinimum,
        Self::InsufficientFreeStake,
        Self::ProviderAtCapacity,
        Self::ProviderNotEligible,
        Self::PriceAboveCap,
        Self::AlreadySeated,
        Self::NoFreeSeat,
        Self::WrongSeatStatus,
        Self::WrongShardState,
        Self::WrongJobState,
        Self::PriceZero,
        Self::ShardsOutOfBounds,
        Self::QuorumOutOfBounds,
        Self::WindowOutOfBounds,
        Self::DeadlineOutOfBounds,
        Self::ModeNotSupported,
        Self::DepositAboveMaximum,
        Self::NonceMismatch,
        Self::TooLate,
        Self::TooEarly,
        Self::SignatureCheckMissing,
        Self::SignatureMismatch,
        Self::RevealMismatch,
        Self::RevealsNotOpen,
        Self::ShardNotDue,
        Self::NothingToCancel,
        Self::OrchestratorMismatch,
        Self::OrchestratorInactive,
        Self::WrongListLength,
        Self::TagInvalid,
        Self::BucketOutOfBounds,
        Self::SeatsZero,
        Self::WrongShardAccount,
        Self::BondBelowMinimum,
        Self::OrchestratorActive,
        Self::ProviderNotSettled,
        Self::NotAdmittedYet,
        Self::SeedNotAvailable,
        Self::SeedNotSet,
        Self::SeedAlreadySet,
        Self::NoAuditPending,
        Self::AuditRateOutOfBounds,
        Self::ChallengeMissing,
        Self::NoPointsInEpoch,
        Self::DepositAmountMismatch,
        Self::MintHasTransferFee,
        Self::MintHasCloseAuthority,
        Self::MintIsConfidential,
        Self::MintHasDefaultState,
        Self::MintIsNonTransferable,
        Self::MintIsInterestBearing,
        Self::MintHasPermanentDelegate,
        Self::MintHasTransferHook,
        Self::MintHasScaledAmounts,
        Self::MintIsPausable,
        Self::MintHasPermissionedBurn,
        Self::MintExtensionUnknown,
        Self::RevealsOpen,
        Self::LateSeatsNotExpired,
        Self::RegisteredAfterPosting,
        Self::TooManyAttempts,
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
