//! The program's errors. Error codes are positional and clients match on them: append only.

use crate::prelude::*;

/// Why an instruction was refused.
#[error_code]
#[derive(PartialEq, Eq)]
pub enum MillraceError {
    // Accounts, amounts and authority.

    // 6000 0x1770
    #[msg("an amount does not fit 64 bits")]
    AmountOverflow,
    // 6001 0x1771
    #[msg("an invariant of an account does not hold")]
    InvariantBroken,
    // 6002 0x1772
    #[msg("the signer has no authority over this account")]
    NotAuthorized,
    // 6003 0x1773
    #[msg("the network is paused: new stakes, jobs and assignments are refused until it resumes")]
    NetworkPaused,
    // 6004 0x1774
    #[msg("a network parameter is outside its bounds")]
    ParameterOutOfBounds,
    // 6005 0x1775
    #[msg("the mint is not an initialized mint of a token program")]
    MintNotSupported,
    // 6006 0x1776
    #[msg("an account is not the one that this instruction requires")]
    WrongAccount,
    // 6007 0x1777
    /// Not used since buckets are accounts of their own.
    #[msg("the treasury bucket does not exist")]
    BucketNotOpen,
    // 6008 0x1778
    #[msg("the amount must be greater than zero")]
    AmountZero,

    // Seats and providers.

    // 6009 0x1779
    #[msg("the provider's stake is below the network's minimum")]
    StakeBelowMinimum,
    // 6010 0x177a
    #[msg("the provider's free stake does not cover the amount")]
    InsufficientFreeStake,
    // 6011 0x177b
    #[msg("the provider already holds its maximum number of seats")]
    ProviderAtCapacity,
    // 6012 0x177c
    #[msg("the provider does not meet the job's requirements")]
    ProviderNotEligible,
    // 6013 0x177d
    #[msg("the provider's price is above the job's price cap")]
    PriceAboveCap,
    // 6014 0x177e
    #[msg("the provider already has a seat in this shard")]
    AlreadySeated,
    // 6015 0x177f
    #[msg("the shard has no free seat")]
    NoFreeSeat,

    // States.

    // 6016 0x1780
    #[msg("the seat does not have the status that this instruction requires")]
    WrongSeatStatus,
    // 6017 0x1781
    #[msg("the shard is not in the state that this instruction requires")]
    WrongShardState,
    // 6018 0x1782
    #[msg("the job is not in the state that this instruction requires")]
    WrongJobState,

    // Terms of a job.

    // 6019 0x1783
    #[msg("the price and the maximum units must be greater than zero")]
    PriceZero,
    // 6020 0x1784
    #[msg("the number or index of shards is outside its bounds")]
    ShardsOutOfBounds,
    // 6021 0x1785
    #[msg("the quorum must be a majority of the maximum replicas and at most the replicas")]
    QuorumOutOfBounds,
    // 6022 0x1786
    #[msg("a window is outside the network's bounds")]
    WindowOutOfBounds,
    // 6023 0x1787
    #[msg("the deadline is in the past, too soon for one round of work, or too late")]
    DeadlineOutOfBounds,
    // 6024 0x1788
    #[msg("the scenario, verification mode or meter is not supported")]
    ModeNotSupported,
    // 6025 0x1789
    #[msg("the deposit is more than the client agreed to")]
    DepositAboveMaximum,
    // 6026 0x178a
    #[msg("the nonce is not the client's next nonce")]
    NonceMismatch,

    // Time.

    // 6027 0x178b
    #[msg("the time for this instruction has passed")]
    TooLate,
    // 6028 0x178c
    #[msg("the time for this instruction has not come")]
    TooEarly,

    // Commitments and reveals.

    // 6029 0x178d
    #[msg("the preceding instruction must be the ed25519 check of exactly these signatures")]
    SignatureCheckMissing,
    // 6030 0x178e
    #[msg("the ed25519 check covers another key or message")]
    SignatureMismatch,
    // 6031 0x178f
    #[msg("the revealed result does not match the commitment")]
    RevealMismatch,
    // 6032 0x1790
    #[msg("results can be revealed once every seat has committed or the commit window is over")]
    RevealsNotOpen,

    // Settlement and cancellation.

    // 6033 0x1791
    #[msg("the shard cannot be settled yet: seats may still commit or reveal")]
    ShardNotDue,
    // 6034 0x1792
    #[msg("nothing is left to cancel: every shard has had a seat assigned")]
    NothingToCancel,

    // Orchestrators, lists and tags.

    // 6035 0x1793
    #[msg("the job requires another orchestrator")]
    OrchestratorMismatch,
    // 6036 0x1794
    #[msg("the orchestrator is not active")]
    OrchestratorInactive,
    // 6037 0x1795
    #[msg("a list of the instruction is empty or too long, or accounts are missing")]
    WrongListLength,
    // 6038 0x1796
    #[msg("a tag must be printable ASCII padded with zeros")]
    TagInvalid,
    // 6039 0x1797
    #[msg("no bucket can have this index")]
    BucketOutOfBounds,
    // 6040 0x1798
    #[msg("a provider must accept at least one seat at a time")]
    SeatsZero,
    // 6041 0x1799
    #[msg("a job with one shard has no shard account, and every other shard has one")]
    WrongShardAccount,

    // Bonds and exits.

    // 6042 0x179a
    #[msg("the orchestrator's bond is below the network's minimum")]
    BondBelowMinimum,
    // 6043 0x179b
    #[msg("the orchestrator is active: retire it first")]
    OrchestratorActive,
    // 6044 0x179c
    #[msg(
        "the provider still has seats, stake, earnings or rewards: end, withdraw and claim them first"
    )]
    ProviderNotSettled,

    // Sortition.

    // 6045 0x179d
    #[msg("sortition does not admit this provider to the seat yet: its chance doubles each slot")]
    NotAdmittedYet,
    // 6046 0x179e
    #[msg("the block whose hash is the job's seed does not exist yet")]
    SeedNotAvailable,
    // 6047 0x179f
    #[msg("the job's seed is not set: sortition requires `seed_job` first")]
    SeedNotSet,
    // 6048 0x17a0
    #[msg("the job's seed is already set")]
    SeedAlreadySet,

    // Audits, challenges and epochs.

    // 6049 0x17a1
    #[msg("no draw of an audit is pending for this shard")]
    NoAuditPending,
    // 6050 0x17a2
    #[msg("the audit rate must be 1 to 10,000 basis points with audits, and zero without")]
    AuditRateOutOfBounds,
    // 6051 0x17a3
    #[msg("the shard is challenged, and the accounts of the challenge are missing")]
    ChallengeMissing,
    // 6052 0x17a4
    #[msg("no provider has points of this epoch")]
    NoPointsInEpoch,

    // Token-2022 mints.

    // 6053 0x17a5
    #[msg("the vault received another amount than was sent")]
    DepositAmountMismatch,
    // 6054 0x17a6
    #[msg("the mint takes a fee of every transfer")]
    MintHasTransferFee,
    // 6055 0x17a7
    #[msg("the mint can be closed and created again")]
    MintHasCloseAuthority,
    // 6056 0x17a8
    #[msg("the mint can hide balances")]
    MintIsConfidential,
    // 6057 0x17a9
    #[msg("new accounts of the mint can be frozen")]
    MintHasDefaultState,
    // 6058 0x17aa
    #[msg("the mint's tokens cannot be transferred")]
    MintIsNonTransferable,
    // 6059 0x17ab
    #[msg("the mint displays amounts with interest that no one pays")]
    MintIsInterestBearing,
    // 6060 0x17ac
    #[msg("a delegate can take the mint's tokens out of every account")]
    MintHasPermanentDelegate,
    // 6061 0x17ad
    #[msg("the mint calls another program at every transfer")]
    MintHasTransferHook,
    // 6062 0x17ae
    #[msg("the mint displays amounts with a multiplier that can change")]
    MintHasScaledAmounts,
    // 6063 0x17af
    #[msg("all transfers of the mint can be paused")]
    MintIsPausable,
    // 6064 0x17b0
    #[msg("burning the mint's tokens requires another signature")]
    MintHasPermissionedBurn,
    // 6065 0x17b1
    #[msg("the mint has an extension that this version does not support")]
    MintExtensionUnknown,

    // Assignment.

    // 6066 0x17b2
    #[msg("results of this round may already be public, so it accepts no more providers")]
    RevealsOpen,
    // 6067 0x17b3
    #[msg("seats of this shard are late: expire them first")]
    LateSeatsNotExpired,
    // 6068 0x17b4
    #[msg(
        "the provider registered after the job was posted, and could have chosen its address by the seed"
    )]
    RegisteredAfterPosting,
    // 6069 0x17b5
    #[msg("too many seats of this shard were freed: it continues with its current seats")]
    TooManyAttempts,
    // 6070 0x17b6
    #[msg("a seat loses stake, and the stake mint or its token program is missing")]
    PenaltyAccountsMissing,
    // 6071 0x17b7
    #[msg("the provider asks more than the price at which the orchestrator chose it")]
    PriceAboveAgreed,
    // 6072 0x17b8
    #[msg("the seat would lock more stake than the provider allows for one seat")]
    LockAboveMaximum,
    // 6073 0x17b9
    #[msg("wrapped SOL cannot be burnt, so it cannot be the mint of stake; choose another token")]
    StakeMintIsNative,
}

#[cfg(not(any(target_os = "solana", feature = "stock")))]
impl MillraceError {
    /// The error with this number, counted from zero.
    pub fn from_number(number: u8) -> Option<&'static Self> {
        Self::ALL.get(usize::from(number))
    }
}

#[cfg(test)]
#[cfg(not(feature = "stock"))]
mod tests {
    use super::MillraceError;

    #[test]
    fn errors_are_listed_in_the_order_of_their_codes() {
        assert_eq!(MillraceError::ALL[0] as u32, 0);
        for pair in MillraceError::ALL.windows(2) {
            assert_eq!(pair[0] as u32 + 1, pair[1] as u32);
        }
    }
}
