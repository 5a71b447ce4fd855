//! 0001: creates the network account with its mints and parameters.

use crate::error::MigrationError;
use crate::migration::{Migration, Setup};
use async_trait::async_trait;
use millrace_client::instructions::initialize_network;
use millrace_client::pda;
use millrace_client::program::InitializeNetworkArgs;
use millrace_client::program::state::Network;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Signer;

const UPGRADEABLE_LOADER: Pubkey = pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");

pub(crate) struct NetworkMigration;

#[async_trait]
impl Migration for NetworkMigration {
    fn number(&self) -> u16 {
        1
    }

    fn name(&self) -> &'static str {
        "initialize the network"
    }

    fn describe(&self, setup: &Setup) -> String {
        format!(
            "create the network account {} with authority {}, stake mint {} and payment mint {}",
            pda::network(),
            setup.authority.pubkey(),
            setup.mints.stake,
            setup.mints.payment,
        )
    }

    async fn is_done(&self, rpc: &Rpc, setup: &Setup) -> Result<bool, MigrationError> {
        let Some(network) = rpc.find::<Network>(&pda::network()).await? else {
            return Ok(false);
        };
        let found = (network.stake_mint, network.payment_mint);
        if found != (setup.mints.stake, setup.mints.payment) {
            return Err(MigrationError::OtherMints {
                stake: found.0,
                payment: found.1,
            });
        }
        Ok(true)
    }

    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError> {
        let rpc = sender.rpc();
        let program = rpc
            .account(&pda::PROGRAM)
            .await?
            .filter(|account| account.executable)
            .ok_or(millrace_client::ChainError::NoProgram(pda::PROGRAM))?;
        let decimals = rpc.decimals(&setup.mints.stake).await?;
        let single_mint = setup.mints.stake == setup.mints.payment;
        let args = InitializeNetworkArgs {
            network_id: rand::random(),
            pauser: setup.authority.pubkey(),
            parameters: setup.parameters.on_chain(decimals, single_mint)?,
            rewards: setup.parameters.schedule(decimals)?,
        };
        let instruction = initialize_network(
            setup.authority.pubkey(),
            setup.mints,
            program.owner == UPGRADEABLE_LOADER,
            args,
        );
        sender
            .send("initialize network", &[instruction], &[&setup.authority])
            .await?;
        Ok(())
    }
}
