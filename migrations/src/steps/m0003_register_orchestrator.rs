//! 0003: registers the first orchestrator.

use crate::error::MigrationError;
use crate::migration::{Migration, Setup};
use async_trait::async_trait;
use millrace_client::instructions::register_orchestrator;
use millrace_client::pda;
use millrace_client::program::state::Orchestrator;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Signer;

pub(crate) struct OrchestratorMigration;

#[async_trait]
impl Migration for OrchestratorMigration {
    fn number(&self) -> u16 {
        3
    }

    fn name(&self) -> &'static str {
        "register the orchestrator"
    }

    fn describe(&self, setup: &Setup) -> String {
        format!(
            "allow the key {} to assign seats and attest deliveries",
            setup.orchestrator
        )
    }

    async fn is_done(&self, rpc: &Rpc, setup: &Setup) -> Result<bool, MigrationError> {
        let found = rpc
            .find::<Orchestrator>(&pda::orchestrator(&setup.orchestrator))
            .await?;
        Ok(found.is_some())
    }

    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError> {
        let authority = setup.authority.pubkey();
        let instruction = register_orchestrator(authority, setup.orchestrator, setup.mints);
        sender
            .send("register orchestrator", &[instruction], &[&setup.authority])
            .await?;
        Ok(())
    }
}
