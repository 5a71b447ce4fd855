//! Events of the network, its treasury vaults and its orchestrators.

use crate::prelude::*;
use crate::state::NetworkParameters;

/// The network was initialized.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkInitialized {
    /// The network's random id.
    pub network_id: [u8; 32],
    pub authority: Pubkey,
    /// Mint of stake.
    pub stake_mint: Pubkey,
    /// Mint of payments.
    pub payment_mint: Pubkey,
    pub parameters: NetworkParameters,
}

/// The authority proposed another key.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityProposed {
    pub authority: Pubkey,
    /// The key that may accept; the default key if the proposal was withdrawn.
    pub proposed: Pubkey,
}

/// The proposed key became the authority.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityAccepted {
    /// The previous authority.
    pub previous: Pubkey,
    /// The new authority.
    pub authority: Pubkey,
}

/// The authority set another pauser.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauserChanged {
    /// The previous pauser.
    pub previous: Pubkey,
    /// The new pauser.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments were paused.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPaused {
    /// The signer.
    pub pauser: Pubkey,
}

/// New stakes, jobs and assignments were resumed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkResumed {
    /// The signer.
    pub pauser: Pubkey,
}

/// The authority set the parameters.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersSet {
    pub parameters: NetworkParameters,
}

/// A bucket was opened.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketOpened {
    /// Index of the bucket.
    pub bucket: u8,
    /// Treasury vault for fees.
    pub treasury: Pubkey,
}

/// Tokens were withdrawn from a treasury vault.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreasuryWithdrawn {
    /// The vault.
    pub treasury: Pubkey,
    /// The token account that received the tokens.
    pub destination: Pubkey,
    /// Base units.
    pub amount: u64,
}

/// A key was registered as an orchestrator.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrchestratorRegistered {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    pub key: Pubkey,
}

/// Tokens were deposited into an orchestrator's bond.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondDeposited {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    /// Base units.
    pub amount: u64,
    /// The bond afterwards, base units.
    pub bonded_after: u64,
}

/// An orchestrator was retired.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrchestratorRetired {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    pub key: Pubkey,
}

/// The bond of a retired orchestrator was paid out, and its accounts were closed.
#[event]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondWithdrawn {
    /// The orchestrator's account.
    pub orchestrator: Pubkey,
    pub key: Pubkey,
    /// Base units, including tokens that were sent to the vault without a deposit.
    pub amount: u64,
}
