//! `millrace provider`: offering a machine.

mod run;
mod show;

use crate::config::settings::{Global, Settings};
use crate::error::{CliError, Shortfall};
use crate::ui::output::{self, tokens};
use clap::{Args, Subcommand};
use millrace_client::instructions::{Mints, create_token_account};
use millrace_client::pda::token_account;
use millrace_client::program::RegisterProviderArgs;
use millrace_client::program::state::{Offer, Provider};
use millrace_client::rpc::client::Rpc;
use millrace_client::tag::tag;
use millrace_client::wallet::{read_keypair, write_keypair};
use millrace_client::{Pubkey, instructions, pda};
use millrace_protocol::amount::{format_amount, parse_amount, parse_size};
use millrace_protocol::manifest::MAX_TAG_BYTES;
pub use run::RunArgs;
use show::{show, show_all};
use solana_sdk::signature::{Keypair, Signer};
use std::path::{Path, PathBuf};

const MIB: u64 = 1 << 20;

/// Commands of `provider`.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Register a provider; the wallet becomes its cold key
    Register(RegisterArgs),
    /// Put tokens at stake for the wallet's provider
    Stake {
        /// Tokens
        amount: String,
        /// Another provider's account
        #[arg(long, value_name = "ACCOUNT")]
        provider: Option<Pubkey>,
    },
    /// Show a provider's provider_account
    Show {
        /// Its account [default: the wallet's]
        provider: Option<Pubkey>,
        /// Every provider of the network
        #[arg(long, conflicts_with = "provider")]
        all: bool,
    },
    /// Run the agent until Ctrl-C
    Run(RunArgs),
    /// Move what was earned to the provider's wallet
    Claim {
        /// Its account [default: the wallet's]
        provider: Option<Pubkey>,
    },
}

/// Arguments of `provider register`.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// What it asks for a unit (1,000,000 fuel), in tokens
    #[arg(long, value_name = "TOKENS")]
    price: String,
    /// File of the hot key that signs results; made where it is missing
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// Processor cores
    #[arg(long, default_value_t = 1)]
    cores: u16,
    /// Memory, such as "8 GiB"
    #[arg(long, default_value = "4 GiB", value_name = "SIZE")]
    memory: String,
    /// Most seats at a time
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    seats: u16,
    /// Where it stands, such as eu-west
    #[arg(long, value_name = "TAG")]
    region: Option<String>,
    /// Whose machine it is
    #[arg(long, value_name = "TAG")]
    supplier: Option<String>,
}

impl ProviderCommand {
    /// Whether it runs until it is stopped, and so has a log to show.
    pub fn serves(&self) -> bool {
        matches!(self, Self::Run(_))
    }

    /// The general flags with what the file of settings says of them; `None` where there is none, or
    /// where it can't be used.
    pub fn global(&self, typed: &Global) -> Option<Global> {
        match self {
            Self::Run(run) => run.global(typed),
            _ => None,
        }
    }

    /// Does it.
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
                let connection = settings.connect().await?;
                show(settings, &connection, provider_address(settings, provider)?).await
            }
            Self::Run(run) => run.run(settings).await,
            Self::Claim { provider } => claim(settings, provider).await,
        }
    }
}

fn provider_address(settings: &Settings, given: Option<Pubkey>) -> Result<Pubkey, CliError> {
    match given {
        Some(account) => Ok(account),
        None => Ok(pda::provider(&settings.wallet()?.pubkey())),
    }
}

async fn provider_account(rpc: &Rpc, account: &Pubkey) -> Result<Provider, CliError> {
    let found = rpc.find::<Provider>(account).await?;
    found.ok_or(CliError::NotAProvider(*account))
}

impl RegisterArgs {
    async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let connection = settings.connect().await?;
        let ask_price = parse_amount(&self.price, connection.payment_decimals)?;
        if ask_price == 0 {
            let least = format_amount(1, connection.payment_decimals);
            return Err(CliError::Usage(format!(
                "--price is zero: the least is {least}"
            )));
        }
        let memory_mb = u32::try_from(parse_size(&self.memory)? / MIB).map_err(|_| {
            CliError::Usage(format!(
                "--memory {} is more than can be registered",
                self.memory
            ))
        })?;
        for (flag, text) in [("--region", &self.region), ("--supplier", &self.supplier)] {
            check_tag(flag, text.as_deref())?;
        }
        let wallet = settings.wallet()?;
        let provider = pda::provider(&wallet.pubkey());
        if connection.rpc.find::<Provider>(&provider).await?.is_some() {
            return Err(CliError::Usage(format!(
                "{} has registered the provider {provider} already; see it with `millrace provider show`",
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
            },
        };
        let mints = Mints::from(&connection.network);
        let register = instructions::register_provider(wallet.pubkey(), mints, args);
        let sender = settings.sender(&connection).await?;
        sender
            .send("register provider", &[register], &[&wallet])
            .await?;
        settings.output.print_text(
            "Registered. It takes seats once it has its stake: `millrace provider stake AMOUNT`.\n",
        );
        show(settings, &connection, provider).await
    }
}

/// The hot key, made where it is missing.
fn read_or_create_operator_key(file: &Path) -> Result<Keypair, CliError> {
    if file.exists() {
        return Ok(read_keypair(file)?);
    }
    let keypair = Keypair::new();
    write_keypair(file, &keypair)?;
    output::notice(&format!("made the operator key {}", file.display()));
    Ok(keypair)
}

fn check_tag(flag: &str, text: Option<&str>) -> Result<(), CliError> {
    let fits = |text: &str| {
        (1..=MAX_TAG_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match text {
        Some(text) if !fits(text) => Err(CliError::Usage(format!(
            "{flag} {text:?} is no tag: write 1 to {MAX_TAG_BYTES} visible ASCII characters"
        ))),
        _ => Ok(()),
    }
}

async fn stake(
    settings: &Settings,
    amount: &str,
    provider: Option<Pubkey>,
) -> Result<(), CliError> {
    let connection = settings.connect().await?;
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
    let active = provider_account(rpc, &provider).await?.active;
    require_minimum(active, amount, network.min_stake, decimals)?;
    let source = token_account(&funder, &network.stake_mint);
    let has = rpc.token_balance(&source).await?.unwrap_or(0);
    if let Some(shortfall) = Shortfall::of(funder, has, amount, decimals) {
        let mint = network.stake_mint;
        return Err(CliError::TooFewTokens { mint, shortfall });
    }
    let stake = instructions::stake(funder, provider, Mints::from(network), amount);
    let sender = settings.sender(&connection).await?;
    sender.send("stake", &[stake], &[&wallet]).await?;
    show(settings, &connection, provider).await
}

/// What the program would refuse is refused before it is sent.
fn require_minimum(active: u64, amount: u64, least: u64, decimals: u8) -> Result<(), CliError> {
    if amount == 0 {
        return Err(CliError::Usage(
            "the amount is zero: stake something".into(),
        ));
    }
    let would_be = active.saturating_add(amount);
    if would_be >= least {
        return Ok(());
    }
    Err(CliError::StakeBelowMinimum {
        would_be: tokens(would_be, decimals),
        least: tokens(least, decimals),
        missing: tokens(least - would_be, decimals),
    })
}

async fn claim(settings: &Settings, provider: Option<Pubkey>) -> Result<(), CliError> {
    let connection = settings.connect().await?;
    let account = provider_address(settings, provider)?;
    let found = provider_account(&connection.rpc, &account).await?;
    if found.earned == found.claimed {
        return Err(CliError::NothingToClaim(account));
    }
    // Anyone may bring it: the tokens can go to the provider's own wallet alone.
    let payer = settings.wallet()?;
    let mints = Mints::from(&connection.network);
    let instructions = [
        create_token_account(&payer.pubkey(), &found.authority, &mints.payment),
        instructions::claim_earnings(&found.authority, mints),
    ];
    let sender = settings.sender(&connection).await?;
    sender
        .send("claim earnings", &instructions, &[&payer])
        .await?;
    show(settings, &connection, account).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stake_below_the_minimum_is_refused_with_what_is_missing() {
        assert!(require_minimum(0, 100, 100, 6).is_ok());
        assert!(require_minimum(60, 40, 100, 6).is_ok());
        match require_minimum(60, 30, 100, 0) {
            Err(CliError::StakeBelowMinimum { missing, .. }) => assert_eq!(missing, "10 tokens"),
            other => panic!("{other:?}"),
        }
        assert!(require_minimum(500, 0, 100, 6).is_err());
    }

    #[test]
    fn a_tag_is_visible_ascii_of_limited_length() {
        assert!(check_tag("--region", None).is_ok());
        assert!(check_tag("--region", Some("eu-west")).is_ok());
        for text in ["", "eu west", "a-tag-that-is-too-long", "ä"] {
            assert!(check_tag("--region", Some(text)).is_err(), "{text}");
        }
    }
}
