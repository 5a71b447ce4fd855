//! The account of a provider that a command names.

use crate::config::Settings;
use crate::error::CliError;
use millrace_client::program::state::Provider;
use millrace_client::rpc::client::Rpc;
use millrace_client::{Pubkey, pda};
use solana_sdk::signature::Signer;

/// The given account, or that of the wallet's provider.
pub(crate) fn provider_address(
    settings: &Settings,
    given: Option<Pubkey>,
) -> Result<Pubkey, CliError> {
    match given {
        Some(account) => Ok(account),
        None => Ok(pda::provider(&settings.wallet()?.pubkey())),
    }
}

/// # Errors
/// [`CliError::NotAProvider`] if no provider is registered there.
pub(crate) async fn find_provider(rpc: &Rpc, account: &Pubkey) -> Result<Provider, CliError> {
    let found = rpc.find::<Provider>(account).await?;
    found.ok_or(CliError::NotAProvider(*account))
}
