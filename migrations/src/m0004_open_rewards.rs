//! 0004: the vault that rewards are paid from. Whoever wants rewards to be paid fills it.

use crate::{Migration, MigrationError, Setup};
use async_trait::async_trait;
use millrace_chain::address;
use millrace_chain::instruction::open_rewards;
use millrace_chain::program::state::Rewards;
use millrace_chain::rpc::Rpc;
use millrace_chain::sender::Sender;
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
        format!(
            "opens the rewards' vault {}, empty",
            address::rewards_vault()
        )
    }

    async fn is_done(&self, rpc: &Rpc, _: &Setup) -> Result<bool, MigrationError> {
        let found = rpc.find::<Rewards>(&address::rewards()).await?;
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
