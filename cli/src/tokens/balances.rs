//! Balances of providers and wallets.

use crate::connection::NetworkConnection;
use crate::error::CliError;
use millrace_client::Pubkey;
use millrace_client::pda::token_account;
use serde::Serialize;

/// Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderBalance {
    pub account: String,
    /// Payment tokens of the cold key.
    pub wallet: u64,
    /// Active and unbonding stake.
    pub stake: u64,
    /// Unclaimed earnings.
    pub earnings: u64,
    /// Total stake slashed.
    pub slashed: u64,
    /// Seats that agreed with the quorum.
    pub agreed: u32,
    /// Seats that did not.
    pub disagreed: u32,
    /// Seats that were late.
    pub late: u32,
}

impl ProviderBalance {
    /// Sum of wallet, stake and earnings, for networks with one token.
    pub fn total(&self) -> u64 {
        self.wallet
            .saturating_add(self.stake)
            .saturating_add(self.earnings)
    }
}

/// Balances of all providers in the order of their registration.
pub async fn provider_balances(
    connection: &NetworkConnection,
) -> Result<Vec<ProviderBalance>, CliError> {
    let (rpc, network) = (&connection.rpc, &connection.network);
    let mut balances = Vec::new();
    for (account, provider) in connection.providers().await? {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WalletBalance {
    pub lamports: u64,
    /// Payment tokens, base units.
    pub payment: u64,
    /// Stake tokens, base units; equal to `payment` on networks with one token.
    pub stake: u64,
}

pub async fn wallet_balance(
    connection: &NetworkConnection,
    wallet: &Pubkey,
) -> Result<WalletBalance, CliError> {
    let (rpc, network) = (&connection.rpc, &connection.network);
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
