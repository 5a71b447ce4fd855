//! 0004: the vault that rewards are paid from. Whoever wants rewards to be paid fills it.

use crate::{Migration, MigrationError, Setup};
use async_trait::async_trait;
use millrace_client::instructions::open_rewards;
use millrace_client::pda;
use millrace_client::program::state::Rewards;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Signer;

/// See the module.
pub struct OpenRewards;

#[async_trait]
impl Migration for OpenRewards {
    fn number(&self) -> u16 {
        4
    }

    fn name(&self) -> &'static str {
        "open the rewards"
    }

    fn describe(&self, _: &Setup) -> String {
        format!("opens the rewards' vault {}, empty", pda::rewards_vault())
    }

    async fn is_done(&self, rpc: &Rpc, _: &Setup) -> Result<bool, MigrationError> {
        let found = rpc.find::<Rewards>(&pda::rewards()).await?;
        Ok(found.is_some())
    }

    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError> {
        let open = open_rewards(setup.authority.pubkey(), setup.mints);
        sender
            .send("open rewards", &[open], &[&setup.authority])
            .await?;
        Ok(())
    }
}
