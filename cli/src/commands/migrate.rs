//! `millrace migrate`: initializes a network on chain, step by step.

use crate::config::{KeyRole, Settings};
use crate::connection::{cluster_rpc, ephemeral_sender};
use crate::error::CliError;
use clap::Args;
use millrace_client::Pubkey;
use millrace_client::compatibility::supported_network;
use millrace_client::instructions::Mints;
use millrace_client::program::state::Network;
use millrace_migrations::{MigrationStatus, Parameters, Setup};
use solana_sdk::signature::Signer;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Show what each step would do, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// File with the network's parameters [default: those of a local network]
    #[arg(long, value_name = "FILE")]
    parameters: Option<PathBuf>,
    /// Mint of the stake token [default: the network's or the network file's]
    #[arg(long, value_name = "MINT")]
    stake_mint: Option<Pubkey>,
    /// Mint of the payment token [default: the network's or the network file's]
    #[arg(long, value_name = "MINT")]
    payment_mint: Option<Pubkey>,
    /// Key of the orchestrator to register [default: the network file's]
    #[arg(long, value_name = "KEY")]
    orchestrator_key: Option<Pubkey>,
}

impl MigrateArgs {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let rpc = cluster_rpc(settings).await?;
        let existing = match supported_network(&rpc).await {
            Ok(network) => Some(network),
            Err(millrace_client::ChainError::NoNetwork) => None,
            Err(error) => return Err(error.into()),
        };
        let setup = self.setup(settings, existing.as_ref())?;
        if self.dry_run {
            let steps = millrace_migrations::plan(&rpc, &setup).await?;
            settings.output.print(&steps, |steps| text(steps));
            return Ok(());
        }
        // No journal: each step checks the chain before it sends anything.
        let sender = ephemeral_sender(rpc);
        let print_step = |step: &MigrationStatus| {
            settings
                .output
                .print_text(&format!("{:04} {}", step.number, step.description))
        };
        let applied = millrace_migrations::run(&sender, &setup, print_step).await?;
        settings
            .output
            .print(&applied, |applied| match applied.len() {
                0 => "nothing to do".to_owned(),
                count => format!("applied {count} migrations"),
            });
        Ok(())
    }

    fn setup(&self, settings: &Settings, existing: Option<&Network>) -> Result<Setup, CliError> {
        let file = settings.network.as_ref().map(|(_, file)| file);
        let mint = |given: Option<Pubkey>,
                    flag: &str,
                    on_chain: fn(&Network) -> Pubkey,
                    in_file: Option<&String>| {
            let known = given
                .or_else(|| existing.map(on_chain))
                .or_else(|| in_file.and_then(|text| text.parse().ok()));
            known.ok_or_else(|| {
                CliError::Usage(format!(
                    "the network is not initialized: set the mint with {flag}"
                ))
            })
        };
        let mints = Mints::spl(
            mint(
                self.stake_mint,
                "--stake-mint",
                |n| n.stake_mint,
                file.map(|f| &f.stake_mint),
            )?,
            mint(
                self.payment_mint,
                "--payment-mint",
                |n| n.payment_mint,
                file.map(|f| &f.payment_mint),
            )?,
        );
        let orchestrator = match (self.orchestrator_key, &settings.network) {
            (Some(key), _) => key,
            (None, Some((_, file))) => {
                millrace_client::wallet::read_keypair(&file.keys.orchestrator)?.pubkey()
            }
            (None, None) => {
                return Err(CliError::Usage(
                    "no orchestrator key: pass the address of its key with --orchestrator-key"
                        .into(),
                ));
            }
        };
        Ok(Setup {
            authority: settings.key(KeyRole::Deployer)?,
            mints,
            orchestrator,
            parameters: match &self.parameters {
                Some(path) => Parameters::load(path)?,
                None => Parameters::localnet()?,
            },
        })
    }
}

fn text(steps: &[MigrationStatus]) -> String {
    let line = |step: &MigrationStatus| {
        let state = if step.done { "done" } else { "to do" };
        format!(
            "{:04}  {state:5}  {}: {}",
            step.number, step.name, step.description
        )
    };
    steps.iter().map(line).collect::<Vec<_>>().join("\n")
}
