//! Of rewards and epochs.

use crate::prelude::*;

/// The rewards' vault was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsOpened {
    /// The vault.
    pub vault: Pubkey,
}

/// Tokens came into the rewards' vault.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsFunded {
    /// How many, base units.
    pub amount: u64,
    /// All that ever came, base units.
    pub funded_after: u64,
}

/// An epoch's points were counted and its rewards promised.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochClosed {
    /// Its number.
    pub number: u32,
    /// Its points.
    pub points: u64,
    /// What they are worth together, base units.
    pub emission: u64,
    /// All that was ever promised, base units.
    pub promised_after: u64,
}

/// A provider's points of an epoch became rewards.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsBanked {
    /// The provider.
    pub provider: Pubkey,
    /// The epoch.
    pub number: u32,
    /// The points.
    pub points: u64,
    /// What they were worth, base units.
    pub amount: u64,
    /// What the provider can claim after it, base units.
    pub due_after: u64,
}

/// Rewards left for the authority's account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardsClaimed {
    /// The provider.
    pub provider: Pubkey,
    /// How many, base units.
    pub amount: u64,
    /// All that was ever paid to anyone, base units.
    pub paid_after: u64,
}
