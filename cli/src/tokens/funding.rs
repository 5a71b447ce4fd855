//! Airdrops and minting, for networks with a faucet or an own mint.

use crate::error::CliError;
use crate::tokens::mints::{self, mint_to};
use millrace_client::Pubkey;
use millrace_client::instructions::create_token_account;
use millrace_client::pda::token_account;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::{Keypair, Signer};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const AIRDROP_TIMEOUT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Requests lamports from the cluster's faucet, and waits until they arrive.
///
/// # Errors
/// [`millrace_client::ChainError::Rpc`] if the cluster has no faucet.
pub async fn airdrop(rpc: &Rpc, wallet: &Pubkey, lamports: u64) -> Result<(), CliError> {
    let before = rpc.lamports(wallet).await?;
    rpc.client()
        .request_airdrop(wallet, lamports)
        .await
        .map_err(rpc.error("an airdrop (only local and test clusters have a faucet)"))?;
    let start = Instant::now();
    while rpc.lamports(wallet).await? < before.saturating_add(lamports) {
        if start.elapsed() > AIRDROP_TIMEOUT {
            return Err(CliError::TooSlow {
                what: "the airdrop",
                seconds: AIRDROP_TIMEOUT.as_secs(),
            });
        }
        sleep(POLL_INTERVAL).await;
    }
    Ok(())
}

/// # Errors
/// [`CliError::NoMintAuthority`] if `authority` cannot mint.
pub async fn require_mint_authority(
    rpc: &Rpc,
    authority: &Keypair,
    mint: &Pubkey,
) -> Result<(), CliError> {
    let key = authority.pubkey();
    match mints::mint_authority(rpc, mint).await? {
        Some(found) if found == key => Ok(()),
        _ => Err(CliError::NoMintAuthority(key)),
    }
}

/// Mints tokens to a wallet, and creates its token account if it does not exist.
pub async fn mint_tokens(
    sender: &Sender,
    authority: &Keypair,
    mint: &Pubkey,
    wallet: &Pubkey,
    amount: u64,
) -> Result<(), CliError> {
    let key = authority.pubkey();
    let instructions = [
        create_token_account(&key, wallet, mint),
        mint_to(mint, &token_account(wallet, mint), &key, amount),
    ];
    sender
        .send("mint tokens", &instructions, &[authority])
        .await?;
    Ok(())
}
