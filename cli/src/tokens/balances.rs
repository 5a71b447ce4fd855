//! What providers and clients have, to be compared before and after.

use crate::error::CliError;
use crate::job::submit::providers;
use millrace_client::Pubkey;
use millrace_client::pda::token_account;
use millrace_client::program::state::Network;
use millrace_client::rpc::client::Rpc;
use serde::Serialize;

/// A provider's tokens, base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderBalance {
    /// Its account.
    pub account: String,
    /// Payment tokens in the wallet of its cold key.
    pub wallet: u64,
    /// Stake, active and unbonding.
    pub stake: u64,
    /// Earned and not yet claimed.
    pub earnings: u64,
    /// Stake ever taken as a penalty.
    pub slashed: u64,
    /// Seats that agreed with the quorum.
    pub agreed: u32,
    /// Seats that did not.
    pub disagreed: u32,
    /// Seats that were late.
    pub late: u32,
}

impl ProviderBalance {
    /// All of it together; meant for networks where stake and payments are the same token.
    pub fn total(&self) -> u64 {
        self.wallet
            .saturating_add(self.stake)
            .saturating_add(self.earnings)
    }
}

/// Balances of all providers, in the order of their registration.
pub async fn provider_balances(
    rpc: &Rpc,
    network: &Network,
) -> Result<Vec<ProviderBalance>, CliError> {
    let mut balances = Vec::new();
    for (account, provider) in providers(rpc).await? {
        let wallet = token_account(&provider.authority, &network.payment_mint);
        balances.push(ProviderBalance {
            account: account.to_string(),
            wallet: rpc.token_balance(&wallet).await?.unwrap_or(0),
            stake: provider.active.saturating_add(provider.unbonding),
            earnings: provider.earned.saturating_sub(provider.claimed),
            slashed: provider.slashed,
            agreed: provider.agreed,
            disagreed: provider.disagreed,
            late: provider.late,
        });
    }
    Ok(balances)
}

/// A wallet's funds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WalletBalance {
    /// Lamports.
    pub lamports: u64,
    /// Payment tokens, base units.
    pub payment: u64,
    /// Stake tokens, base units; the same as `payment` where it is the same mint.
    pub stake: u64,
}

/// The funds of a wallet.
pub async fn wallet_balance(
    rpc: &Rpc,
    network: &Network,
    wallet: &Pubkey,
) -> Result<WalletBalance, CliError> {
    let payment = token_account(wallet, &network.payment_mint);
    let stake = token_account(wallet, &network.stake_mint);
    let (lamports, payment, stake) = tokio::try_join!(
        rpc.lamports(wallet),
        rpc.token_balance(&payment),
        rpc.token_balance(&stake)
    )?;
    Ok(WalletBalance {
        lamports,
        payment: payment.unwrap_or(0),
        stake: stake.unwrap_or(0),
    })
}
