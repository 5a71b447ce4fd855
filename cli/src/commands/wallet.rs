//! `millrace wallet`: key files and funds.

use crate::config::{KeyRole, Settings};
use crate::connection::connect;
use crate::error::CliError;
use crate::tokens::balances::{self, WalletBalance};
use crate::tokens::funding;
use crate::ui::output::{SOL_DECIMALS, key_values, sol, tokens};
use clap::Subcommand;
use millrace_client::Pubkey;
use millrace_client::wallet::{read_keypair, write_keypair};
use millrace_protocol::amount::parse_amount;
use serde::Serialize;
use solana_sdk::signature::{Keypair, Signer};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Create a key file in Solana's format
    New {
        /// File to write, which must not exist [default: the wallet of the other commands]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the address and funds of a wallet
    Show {
        /// Address of the wallet [default: that of --keypair]
        address: Option<Pubkey>,
    },
    /// Request SOL from the faucet and mint tokens; for local networks
    Fund {
        /// Address of the wallet [default: that of --keypair]
        address: Option<Pubkey>,
        /// Amount of SOL
        #[arg(long, default_value = "10", value_name = "SOL")]
        sol: String,
        /// Amount of tokens of each mint
        #[arg(long, default_value = "1000", value_name = "TOKENS")]
        tokens: String,
    },
}

#[derive(Serialize)]
struct WalletReport {
    address: String,
    #[serde(flatten)]
    balance: WalletBalance,
}

impl WalletCommand {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::New { out } => new(
                settings,
                out.unwrap_or_else(|| settings.key_file(KeyRole::Client).to_owned()),
            ),
            Self::Show { address } => show(settings, wallet(settings, address)?).await,
            Self::Fund {
                address,
                sol,
                tokens,
            } => {
                let wallet = wallet(settings, address)?;
                fund(settings, wallet, &sol, &tokens).await?;
                show(settings, wallet).await
            }
        }
    }
}

fn wallet(settings: &Settings, address: Option<Pubkey>) -> Result<Pubkey, CliError> {
    match address {
        Some(address) => Ok(address),
        None => Ok(settings.wallet()?.pubkey()),
    }
}

fn new(settings: &Settings, file: PathBuf) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct NewWallet {
        address: String,
        file: PathBuf,
    }
    let keypair = Keypair::new();
    write_keypair(&file, &keypair)?;
    let made = NewWallet {
        address: keypair.pubkey().to_string(),
        file,
    };
    settings.output.print(&made, |made| {
        key_values([
            ("address", made.address.clone()),
            ("key file", made.file.display().to_string()),
            (
                "keep it secret",
                "the file gives access to the funds".to_owned(),
            ),
        ])
    });
    Ok(())
}

async fn show(settings: &Settings, wallet: Pubkey) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let network = &connection.network;
    let balance = balances::wallet_balance(&connection, &wallet).await?;
    let shown = WalletReport {
        address: wallet.to_string(),
        balance,
    };
    let payment = tokens(balance.payment, connection.payment_decimals);
    let stake = tokens(balance.stake, connection.stake_decimals);
    settings.output.print(&shown, |shown| {
        let address = ("address", shown.address.clone());
        let lamports = ("SOL", sol(balance.lamports));
        if network.has_single_mint() {
            key_values([address, lamports, ("tokens", payment)])
        } else {
            key_values([
                address,
                lamports,
                ("payment tokens", payment),
                ("stake tokens", stake),
            ])
        }
    });
    Ok(())
}

async fn fund(
    settings: &Settings,
    wallet: Pubkey,
    sol: &str,
    tokens: &str,
) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let network = &connection.network;
    let lamports = parse_amount(sol, SOL_DECIMALS)?;
    let mut mints = vec![(network.payment_mint, connection.payment_decimals)];
    if !network.has_single_mint() {
        mints.push((network.stake_mint, connection.stake_decimals));
    }
    let amounts: Vec<(Pubkey, u64)> = mints
        .into_iter()
        .map(|(mint, decimals)| Ok((mint, parse_amount(tokens, decimals)?)))
        .collect::<Result<_, CliError>>()?;
    let mints_tokens = amounts.iter().any(|(_, amount)| *amount > 0);
    let authority = mint_key(settings)?;
    if mints_tokens {
        for (mint, _) in &amounts {
            funding::require_mint_authority(&connection.rpc, &authority, mint).await?;
        }
    }
    if lamports > 0 {
        funding::airdrop(&connection.rpc, &wallet, lamports).await?;
    }
    if !mints_tokens {
        return Ok(());
    }
    let sender = connection.sender().await?;
    for (mint, amount) in amounts {
        funding::mint_tokens(&sender, &authority, &mint, &wallet, amount).await?;
    }
    Ok(())
}

/// The key that may mint: the network file's deployer even if `--keypair` is set, else the wallet.
fn mint_key(settings: &Settings) -> Result<Keypair, CliError> {
    match &settings.network {
        Some((_, file)) => Ok(read_keypair(&file.keys.deployer)?),
        None => settings.wallet(),
    }
}
