//! Of providers: what they offer, their stake and their earnings.

use crate::prelude::*;
use crate::state::Offer;

/// A provider registered.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRegistered {
    /// The account.
    pub provider: Pubkey,
    /// Its cold key.
    pub authority: Pubkey,
    /// Its hot key.
    pub operator: Pubkey,
    /// Its asking price, base units per unit.
    pub ask_price: u64,
}

/// A provider changed its offer.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUpdated {
    /// The account.
    pub provider: Pubkey,
    /// What it offers now.
    pub offer: Offer,
}

/// A provider named another hot key.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorRotated {
    /// The account.
    pub provider: Pubkey,
    /// The hot key before.
    pub previous: Pubkey,
    /// The hot key now.
    pub operator: Pubkey,
}

/// A provider closed its account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDeregistered {
    /// The account.
    pub provider: Pubkey,
    /// Its cold key.
    pub authority: Pubkey,
}

/// Stake went on its way out.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnstakeRequested {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// When it may leave, unix seconds.
    pub until: i64,
    /// Active stake after it.
    pub active_after: u64,
    /// Unbonding stake after it.
    pub unbonding_after: u64,
}

/// Stake left.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeWithdrawn {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// All that ever left, base units.
    pub withdrawn_after: u64,
}

/// Stake came in.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeDeposited {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Active stake before it.
    pub active_before: u64,
    /// Active stake after it.
    pub active_after: u64,
}

/// Stake was taken as a penalty.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeSlashed {
    /// The provider.
    pub provider: Pubkey,
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The seat.
    pub seat: u8,
    /// True for a wrong result, false for a late one.
    pub disagreed: bool,
    /// How much, base units.
    pub amount: u64,
    /// Part of it that compensates the client.
    pub compensation: u64,
    /// Part of it that went to who cranked or challenged.
    pub bounties: u64,
    /// Active stake after it.
    pub active_after: u64,
    /// Unbonding stake after it.
    pub unbonding_after: u64,
}

/// Earnings left for the authority's account.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarningsClaimed {
    /// The provider.
    pub provider: Pubkey,
    /// How much, base units.
    pub amount: u64,
    /// Lifetime claims after it.
    pub claimed_after: u64,
}
