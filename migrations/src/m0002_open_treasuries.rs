//! 0002: the treasury vaults, eight for each mint.

use crate::{Migration, MigrationError, Setup};
use async_trait::async_trait;
use futures_util::future::try_join_all;
use millrace_chain::Pubkey;
use millrace_chain::instruction::{Mints, open_treasury};
use millrace_chain::program::constants::TREASURY_BUCKETS;
use millrace_chain::program::state::Network;
use millrace_chain::rpc::Rpc;
use millrace_chain::sender::Sender;
use solana_sdk::signature::Signer;

/// Vaults opened by one transaction: more would leave its compute limit.
const PER_TRANSACTION: usize = 8;

/// See the module.
pub struct OpenTreasuries;

/// The vaults that are not open yet, each once even where both mints are the same.
fn missing(network: &Network, mints: Mints) -> Vec<(Pubkey, u8)> {
    let of = |mint: Pubkey, bumps: [u8; TREASURY_BUCKETS as usize]| {
        (0..TREASURY_BUCKETS)
            .filter(move |bucket| bumps[usize::from(*bucket)] == 0)
            .map(move |bucket| (mint, bucket))
    };
    let mut vaults: Vec<_> = of(mints.payment, network.payment_treasury_bumps).collect();
    if mints.stake != mints.payment {
        vaults.extend(of(mints.stake, network.stake_treasury_bumps));
    }
    vaults
}

#[async_trait]
impl Migration for OpenTreasuries {
    fn number(&self) -> u16 {
        2
    }

    fn name(&self) -> &'static str {
        "open the treasuries"
    }

    fn describe(&self, setup: &Setup) -> String {
        let mints = match setup.mints.stake == setup.mints.payment {
            true => "the mint",
            false => "each of the two mints",
        };
        format!("opens {TREASURY_BUCKETS} treasury vaults for {mints}, those that are not open yet")
    }

    async fn is_done(&self, rpc: &Rpc, setup: &Setup) -> Result<bool, MigrationError> {
        let network = rpc
            .find::<Network>(&millrace_chain::address::network())
            .await?;
        Ok(network.is_some_and(|network| missing(&network, setup.mints).is_empty()))
    }

    async fn apply(&self, sender: &Sender, setup: &Setup) -> Result<(), MigrationError> {
        let network = sender.rpc().network().await?;
        let payer = setup.authority.pubkey();
        let instructions: Vec<_> = missing(&network, setup.mints)
            .into_iter()
            .map(|(mint, bucket)| open_treasury(payer, mint, bucket))
            .collect();
        let signers = [&setup.authority];
        let sends: Vec<_> = instructions
            .chunks(PER_TRANSACTION)
            .map(|chunk| sender.send("open treasuries", chunk, &signers))
            .collect();
        try_join_all(sends).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> Network {
        // A network of zeros has no vault open; only the bumps are looked at.
        bytemuck::Zeroable::zeroed()
    }

    const STAKE: Pubkey = Pubkey::new_from_array([1; 32]);
    const PAYMENT: Pubkey = Pubkey::new_from_array([2; 32]);

    #[test]
    fn only_vaults_that_are_not_open_are_opened() {
        let mints = Mints {
            stake: STAKE,
            payment: PAYMENT,
        };
        let mut network = network();
        assert_eq!(missing(&network, mints).len(), 16);
        network.payment_treasury_bumps = [255; 8];
        network.payment_treasury_bumps[3] = 0;
        network.stake_treasury_bumps = [254; 8];
        assert_eq!(missing(&network, mints), [(PAYMENT, 3)]);
    }

    #[test]
    fn one_mint_for_both_has_eight_vaults() {
        let mints = Mints {
            stake: PAYMENT,
            payment: PAYMENT,
        };
        assert_eq!(missing(&network(), mints).len(), 8);
    }
}
