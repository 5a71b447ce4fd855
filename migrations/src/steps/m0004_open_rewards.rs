//! 0004: creates the vault that rewards are paid from. It is funded separately.

use crate::error::MigrationError;
use crate::migration::{Migration, Setup};
use async_trait::async_trait;
use millrace_client::instructions::open_rewards;
use millrace_client::pda;
use millrace_client::program::state::Rewards;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Signer;

pub(crate) struct RewardsMigration;

#[async_trait]
impl Migration for RewardsMigration {
    fn number(&self) -> u16 {
        4
    }

    fn name(&self) -> &'static str {
        "open the rewards"
    }

    fn describe(&self, _: &Setup) -> String {
        format!("create the empty rewards vault {}", pda::rewards_vault())
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
