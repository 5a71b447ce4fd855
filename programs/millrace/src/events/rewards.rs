//! Events of rewards and epochs.

use crate::prelude::*;

/// The rewards vault was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsOpened {
    pub vault: Pubkey,
}

/// Tokens were deposited into the rewards vault.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsFunded {
    /// Base units.
    pub amount: u64,
    /// Sum of all deposits afterwards, base units.
    pub funded_after: u64,
}

/// The points of an epoch were counted and its rewards promised.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochClosed {
    /// Number of the epoch.
    pub number: u32,
    /// Points of all settlements in the epoch.
    pub points: u64,
    /// Rewards for all points together, base units.
    pub emission: u64,
    /// Sum of all promises afterwards, base units.
    pub promised_after: u64,
}

/// The points of a provider in an epoch became rewards.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsBanked {
    pub provider: Pubkey,
    /// Number of the epoch.
    pub number: u32,
    pub points: u64,
    /// Rewards for the points, base units.
    pub amount: u64,
    /// Rewards that the provider can claim afterwards, base units.
    pub due_after: u64,
}

/// Rewards were paid to the provider's authority.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsClaimed {
    pub provider: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Sum of all payments to all providers afterwards, base units.
    pub paid_after: u64,
}
