//! The interface of a migration.

use crate::error::MigrationError;
use crate::parameters::Parameters;
use async_trait::async_trait;
use millrace_client::Pubkey;
use millrace_client::instructions::Mints;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Keypair;

/// The desired network.
pub struct Setup {
    /// Authority of the network; pays fees and rent. If the program is upgradeable, its upgrade
    /// authority.
    pub authority: Keypair,
    pub mints: Mints,
    /// Key of the orchestrator to register.
    pub orchestrator: Pubkey,
    pub parameters: Parameters,
}

#[async_trait]
pub trait Migration: Send + Sync {
    /// Migrations are applied in the order of their numbers.
    fn number(&self) -> u16;
    fn name(&self) -> &'static str;
    /// What the migration does, with the values of `setup`.
    fn describe(&self, setup: &Setup) -> String;
    /// Whether nothing is left to do. Sends nothing.
    async fn is_done(&self, rpc: &Rpc, setup: &Setup) -> Result<bool, MigrationError>;
    /// Called only if [`Migration::is_done`] returned false.
    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError>;
}
