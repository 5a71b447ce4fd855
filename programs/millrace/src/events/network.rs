//! Of the network, its treasuries and its orchestrators.

use crate::prelude::*;
use crate::state::NetworkParameters;

/// A network came into being.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInitialized {
    /// Its random id.
    pub network_id: [u8; 32],
    /// Its authority.
    pub authority: Pubkey,
    /// Mint of stake.
    pub stake_mint: Pubkey,
    /// Mint of payments.
    pub payment_mint: Pubkey,
    /// Its parameters.
    pub parameters: NetworkParameters,
}

/// The authority proposed another key.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityProposed {
    /// The authority.
    pub authority: Pubkey,
    /// The key that may accept; the default key where a proposal was taken back.
    pub proposed: Pubkey,
}

/// A proposed key became the authority.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityAccepted {
    /// The authority before.
    pub previous: Pubkey,
    /// The authority now.
    pub authority: Pubkey,
}

/// Another pauser was named.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauserChanged {
    /// The pauser before.
    pub previous: Pubkey,
    /// The pauser now.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments were stopped.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPaused {
    /// Who did it.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments go on.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkResumed {
    /// Who did it.
    pub pauser: Pubkey,
}

/// Parameters were chosen for what comes after.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersSet {
    /// The parameters.
    pub parameters: NetworkParameters,
}

/// A bucket was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketOpened {
    /// Its index.
    pub bucket: u8,
    /// Its treasury vault for fees.
    pub payment_treasury: Pubkey,
    /// Its treasury vault for penalties.
    pub stake_treasury: Pubkey,
}

/// Tokens left a treasury vault.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryWithdrawn {
    /// The vault.
    pub treasury: Pubkey,
    /// Where they went.
    pub destination: Pubkey,
    /// How many, base units.
    pub amount: u64,
}

/// A key became an orchestrator.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrchestratorRegistered {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
}

/// Tokens came into an orchestrator's bond.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondDeposited {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    /// How many, base units.
    pub amount: u64,
    /// The bond after it, base units.
    pub bonded_after: u64,
}

/// An orchestrator was taken out of service.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrchestratorRetired {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
}

/// A retired orchestrator got its bond back, and its account was closed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondWithdrawn {
    /// The account.
    pub orchestrator: Pubkey,
    /// The key.
    pub key: Pubkey,
    /// How many tokens, base units, donations included.
    pub amount: u64,
}
