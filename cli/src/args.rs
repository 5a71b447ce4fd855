//! What can be typed.

use crate::commands::{demo, job, migrate, network, orchestrator, provider, up, wallet};
use crate::error::CliError;
use crate::settings::{Global, Settings};
use clap::{Parser, Subcommand};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

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
    Up(up::Up),
    /// Run a network with a liar in it, render a picture on it, and show who was paid
    Demo(demo::Demo),
    /// Key files and their funds
    #[command(subcommand)]
    Wallet(wallet::Wallet),
    /// The network's parameters
    #[command(subcommand)]
    Network(network::NetworkCommand),
    /// Initialize a network on chain, step by step
    Migrate(migrate::Migrate),
    /// Offer a machine
    #[command(subcommand)]
    Provider(provider::Provider),
    /// Hand work out
    #[command(subcommand)]
    Orchestrator(orchestrator::Orchestrator),
    /// Have work done
    #[command(subcommand)]
    Job(job::Job),
}

impl Cli {
    /// Sends the log to standard error: warnings, or what `-v` or RUST_LOG asks for.
    pub fn log(&self) {
        let serves = match &self.command {
            Command::Orchestrator(_) => true,
            Command::Provider(command) => command.serves(),
            _ => false,
        };
        let level = match self.global.verbose {
            0 if !serves => "warn",
            0 | 1 => "info",
            2 => "debug",
            _ => "trace",
        };
        // Solana's client and the embedded validator speak of their own inner life.
        let asked = format!("warn,surfpool_core=error,millrace={level}");
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(asked));
        let result = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init();
        if let Err(error) = result {
            eprintln!("warning: there will be no log: {error}");
        }
    }

    /// Does what was typed.
    ///
    /// # Errors
    /// What keeps it from being done, in words for people.
    pub async fn run(self) -> Result<(), CliError> {
        let settings = Settings::resolve(self.global)?;
        match self.command {
            Command::Up(up) => up.run(&settings).await,
            Command::Demo(demo) => demo.run(&settings).await,
            Command::Wallet(wallet) => wallet.run(&settings).await,
            Command::Network(network) => network.run(&settings).await,
            Command::Migrate(migrate) => migrate.run(&settings).await,
            Command::Provider(provider) => provider.run(&settings).await,
            Command::Orchestrator(orchestrator) => orchestrator.run(&settings).await,
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
