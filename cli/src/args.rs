//! What can be typed.

use crate::commands::{demo, job, migrate, network, orchestrator, provider, up, wallet};
use crate::config::settings::{Global, Settings};
use crate::error::CliError;
use clap::{Parser, Subcommand};

/// A market for computation on Solana: post jobs, run them, get paid for results that others confirm.
#[derive(Debug, Parser)]
#[command(name = "millrace", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole network on this machine until Ctrl-C
    Up(up::UpArgs),
    /// Run a network with a liar in it, render a picture on it, and show who was paid
    Demo(demo::DemoArgs),
    /// Key files and their funds
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// The network's parameters
    #[command(subcommand)]
    Network(network::NetworkCommand),
    /// Initialize a network on chain, step by step
    Migrate(migrate::MigrateArgs),
    /// Offer a machine
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// Hand work out
    #[command(subcommand)]
    Orchestrator(Box<orchestrator::OrchestratorCommand>),
    /// Have work done
    #[command(subcommand)]
    Job(job::JobCommand),
}

impl Cli {
    /// Starts the log on standard error.
    pub fn log(&self) {
        let (global, serves) = match &self.command {
            Command::Orchestrator(command) => (command.global(&self.global), true),
            Command::Provider(command) => (command.global(&self.global), command.serves()),
            _ => (None, false),
        };
        // What is wrong with a file of settings is told by the command itself.
        crate::log::start(global.as_ref().unwrap_or(&self.global), serves);
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// What keeps it from being done, in words for people.
    pub async fn run(self) -> Result<(), CliError> {
        let global = match &self.command {
            Command::Orchestrator(orchestrator) => return orchestrator.run(&self.global).await,
            Command::Provider(provider) => provider.global(&self.global),
            _ => None,
        };
        let settings = Settings::resolve(global.unwrap_or(self.global))?;
        match self.command {
            Command::Up(up) => up.run(&settings).await,
            Command::Demo(demo) => demo.run(&settings).await,
            Command::Wallet(wallet) => wallet.run(&settings).await,
            Command::Network(network) => network.run(&settings).await,
            Command::Migrate(migrate) => migrate.run(&settings).await,
            Command::Provider(provider) => provider.run(&settings).await,
            // It has resolved its settings by itself.
            Command::Orchestrator(_) => Ok(()),
            Command::Job(job) => job.run(&settings).await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_behind_the_command() {
        let typed = [
            "millrace",
            "--json",
            "job",
            "list",
            "--url",
            "http://127.0.0.1:1",
        ];
        let cli = Cli::try_parse_from(typed).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.url.as_deref(), Some("http://127.0.0.1:1"));
        assert!(Cli::try_parse_from(["millrace", "job", "submit"]).is_err());
    }
}
