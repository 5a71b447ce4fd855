//! Events of providers: offers, stake and earnings.

use crate::prelude::*;
use crate::state::Offer;

/// A provider registered.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRegistered {
    pub provider: Pubkey,
    /// The cold key.
    pub authority: Pubkey,
    /// The hot key.
    pub operator: Pubkey,
    /// Asking price, base units per unit.
    pub ask_price: u64,
}

/// A provider changed its offer.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUpdated {
    pub provider: Pubkey,
    /// The new offer.
    pub offer: Offer,
}

/// A provider set another hot key.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRotated {
    pub provider: Pubkey,
    /// The previous hot key.
    pub previous: Pubkey,
    /// The new hot key.
    pub operator: Pubkey,
}

/// A provider closed its account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDeregistered {
    pub provider: Pubkey,
    /// The cold key.
    pub authority: Pubkey,
}

/// Stake started to unbond.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstakeRequested {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Time from which the unbonding stake can be withdrawn, unix seconds.
    pub until: i64,
    /// Active stake afterwards, base units.
    pub active_after: u64,
    /// Unbonding stake afterwards, base units.
    pub unbonding_after: u64,
}

/// Stake was withdrawn.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeWithdrawn {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Sum of all withdrawals afterwards, base units.
    pub withdrawn_after: u64,
}

/// Stake was deposited.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeDeposited {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Active stake before, base units.
    pub active_before: u64,
    /// Active stake afterwards, base units.
    pub active_after: u64,
}

/// Stake was taken as a penalty.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeSlashed {
    pub provider: Pubkey,
    pub job: Pubkey,
    /// Index of the shard.
    pub shard: u32,
    /// Index of the seat.
    pub seat: u8,
    /// True if the result differs from the quorum's, false if the seat was late.
    pub disagreed: bool,
    /// The penalty, which was burnt, base units.
    pub amount: u64,
    /// Active stake afterwards, base units.
    pub active_after: u64,
    /// Unbonding stake afterwards, base units.
    pub unbonding_after: u64,
}

/// Earnings were paid to the provider's authority.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarningsClaimed {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Sum of all claims afterwards, base units.
    pub claimed_after: u64,
}
