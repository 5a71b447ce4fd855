//! `millrace provider`: registers, stakes and runs a provider.

mod account;
mod run;
mod show;

use crate::config::Settings;
use crate::connection::connect;
use crate::error::{CliError, Shortfall};
use crate::ui::output::{self, tokens};
use account::{find_provider, provider_address};
use clap::{Args, Subcommand};
use millrace_client::instructions::{Mints, create_token_account};
use millrace_client::pda::token_account;
use millrace_client::program::RegisterProviderArgs;
use millrace_client::program::state::{Offer, Provider};
use millrace_client::tag::tag;
use millrace_client::wallet::{read_keypair, write_keypair};
use millrace_client::{Pubkey, instructions, pda};
use millrace_protocol::amount::{format_amount, parse_amount};
use millrace_protocol::manifest::MAX_TAG_BYTES;
use millrace_protocol::measure::parse_size;
pub use run::RunArgs;
use show::{show, show_all};
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Register a provider; the wallet becomes its cold key
    Register(RegisterArgs),
    /// Stake tokens for a provider
    Stake {
        /// Amount of tokens
        amount: String,
        /// Account of the provider [default: the wallet's]
        #[arg(long, value_name = "ACCOUNT")]
        provider: Option<Pubkey>,
    },
    /// Show a provider's account
    Show {
        /// Account of the provider [default: the wallet's]
        provider: Option<Pubkey>,
        /// Show every provider of the network
        #[arg(long, conflicts_with = "provider")]
        all: bool,
    },
    /// Run the provider's agent until Ctrl-C or SIGTERM
    Run(RunArgs),
    /// Transfer a provider's earnings to its wallet
    Claim {
        /// Account of the provider [default: the wallet's]
        provider: Option<Pubkey>,
    },
}

#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// Asking price in tokens per unit (1,000,000 fuel)
    #[arg(long, value_name = "TOKENS")]
    price: String,
    /// Key file of the operator (hot key) that signs results; created if missing
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// Number of processor cores
    #[arg(long, default_value_t = 1)]
    cores: u16,
    /// Memory, such as "8 GiB"
    #[arg(long, default_value = "4 GiB", value_name = "SIZE")]
    memory: String,
    /// Maximum number of open seats
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    seats: u16,
    /// Maximum stake in tokens that one seat may lock, and so lose [default: the network's minimum stake]
    #[arg(long, value_name = "TOKENS")]
    max_lock: Option<String>,
    /// Region tag, such as eu-west
    #[arg(long, value_name = "TAG")]
    region: Option<String>,
    /// Supplier tag: the owner of the machine
    #[arg(long, value_name = "TAG")]
    supplier: Option<String>,
}

impl ProviderCommand {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::Register(register) => register.run(settings).await,
            Self::Stake { amount, provider } => stake(settings, &amount, provider).await,
            Self::Show {
                provider: _,
                all: true,
            } => show_all(settings).await,
            Self::Show {
                provider,
                all: false,
            } => {
                let connection = connect(settings).await?;
                show(settings, &connection, provider_address(settings, provider)?).await
            }
            Self::Run(run) => run.run(settings).await,
            Self::Claim { provider } => claim(settings, provider).await,
        }
    }
}

impl RegisterArgs {
    async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let connection = connect(settings).await?;
        let ask_price = parse_amount(&self.price, connection.payment_decimals)?;
        if ask_price == 0 {
            let min = format_amount(1, connection.payment_decimals);
            return Err(CliError::Usage(format!("--price must be at least {min}")));
        }
        let memory_mb = u32::try_from(parse_size(&self.memory)? / MIB).map_err(|_| {
            CliError::Usage(format!("--memory {} is too large to register", self.memory))
        })?;
        for (flag, text) in [("--region", &self.region), ("--supplier", &self.supplier)] {
            check_tag(flag, text.as_deref())?;
        }
        let max_seat_lock = match &self.max_lock {
            Some(amount) => parse_amount(amount, connection.stake_decimals)?,
            None => connection.network.min_stake,
        };
        let wallet = settings.wallet()?;
        let provider = pda::provider(&wallet.pubkey());
        if connection.rpc.find::<Provider>(&provider).await?.is_some() {
            return Err(CliError::Usage(format!(
                "{} has already registered the provider {provider}; show it with `millrace provider show`",
                wallet.pubkey()
            )));
        }
        let operator = read_or_create_operator_key(&self.operator)?;
        let args = RegisterProviderArgs {
            operator: operator.pubkey(),
            offer: Offer {
                sealing_key: [0; 32],
                supplier: tag(self.supplier.as_deref()),
                region: tag(self.region.as_deref()),
                gpu_model: [0; 16],
                ask_price,
                memory_mb,
                cores: self.cores,
                gpus: 0,
                max_open_seats: self.seats,
                max_seat_lock,
            },
        };
        let mints = Mints::from(&connection.network);
        let register = instructions::register_provider(wallet.pubkey(), mints, args);
        let sender = connection.sender().await?;
        sender
            .send("register provider", &[register], &[&wallet])
            .await?;
        settings.output.print_text(
            "Registered. Stake tokens to receive seats: `millrace provider stake AMOUNT`.\n",
        );
        show(settings, &connection, provider).await
    }
}

fn read_or_create_operator_key(file: &Path) -> Result<Keypair, CliError> {
    if file.exists() {
        return Ok(read_keypair(file)?);
    }
    let keypair = Keypair::new();
    write_keypair(file, &keypair)?;
    output::notice(&format!("created the operator key {}", file.display()));
    Ok(keypair)
}

fn check_tag(flag: &str, text: Option<&str>) -> Result<(), CliError> {
    let fits = |text: &str| {
        (1..=MAX_TAG_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match text {
        Some(text) if !fits(text) => Err(CliError::Usage(format!(
            "invalid {flag} {text:?}: a tag is 1 to {MAX_TAG_BYTES} visible ASCII characters"
        ))),
        _ => Ok(()),
    }
}

async fn stake(
    settings: &Settings,
    amount: &str,
    provider: Option<Pubkey>,
) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let (rpc, network, decimals) = (
        &connection.rpc,
        &connection.network,
        connection.stake_decimals,
    );
    if network.paused != 0 {
        return Err(CliError::Paused);
    }
    let amount = parse_amount(amount, decimals)?;
    let wallet = settings.wallet()?;
    let funder = wallet.pubkey();
    let provider = provider.unwrap_or_else(|| pda::provider(&funder));
    let active = find_provider(rpc, &provider).await?.active;
    require_minimum(active, amount, network.min_stake, decimals)?;
    let source = token_account(&funder, &network.stake_mint);
    let has = rpc.token_balance(&source).await?.unwrap_or(0);
    if let Some(shortfall) = Shortfall::of(funder, has, amount, decimals) {
        let mint = network.stake_mint;
        return Err(CliError::TooFewTokens { mint, shortfall });
    }
    let stake = instructions::stake(funder, provider, Mints::from(network), amount);
    let sender = connection.sender().await?;
    sender.send("stake", &[stake], &[&wallet]).await?;
    show(settings, &connection, provider).await
}

/// Checks what the program would refuse.
fn require_minimum(active: u64, amount: u64, min: u64, decimals: u8) -> Result<(), CliError> {
    if amount == 0 {
        return Err(CliError::Usage("the amount must not be zero".into()));
    }
    let would_be = active.saturating_add(amount);
    if would_be >= min {
        return Ok(());
    }
    Err(CliError::StakeBelowMinimum {
        would_be: tokens(would_be, decimals),
        min: tokens(min, decimals),
        missing: tokens(min - would_be, decimals),
    })
}

async fn claim(settings: &Settings, provider: Option<Pubkey>) -> Result<(), CliError> {
    let connection = connect(settings).await?;
    let account = provider_address(settings, provider)?;
    let found = find_provider(&connection.rpc, &account).await?;
    if found.earned == found.claimed {
        return Err(CliError::NothingToClaim(account));
    }
    // Any wallet may claim: the tokens go to the provider's own wallet.
    let payer = settings.wallet()?;
    let mints = Mints::from(&connection.network);
    let instructions = [
        create_token_account(&payer.pubkey(), &found.authority, &mints.payment),
        instructions::claim_earnings(&found.authority, mints),
    ];
    let sender = connection.sender().await?;
    sender
        .send("claim earnings", &instructions, &[&payer])
        .await?;
    show(settings, &connection, account).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stake_below_the_minimum_is_refused_with_the_missing_amount() {
        assert!(require_minimum(0, 100, 100, 6).is_ok());
        assert!(require_minimum(60, 40, 100, 6).is_ok());
        match require_minimum(60, 30, 100, 0) {
            Err(CliError::StakeBelowMinimum { missing, .. }) => assert_eq!(missing, "10 tokens"),
            other => panic!("{other:?}"),
        }
        assert!(require_minimum(500, 0, 100, 6).is_err());
    }

    #[test]
    fn tag_is_visible_ascii_of_limited_length() {
        assert!(check_tag("--region", None).is_ok());
        assert!(check_tag("--region", Some("eu-west")).is_ok());
        for text in ["", "eu west", "a-tag-that-is-too-long", "ä"] {
            assert!(check_tag("--region", Some(text)).is_err(), "{text}");
        }
    }
}
