//! `millrace network`: the network's parameters, and the program that it runs on.

mod authority;
mod buffers;
mod deploy;
mod show;
mod upgrade;
mod verify;

use crate::config::Settings;
use crate::error::CliError;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show the network's parameters and the number of its accounts
    Show,
    /// Deploy the program, or continue an interrupted deployment
    Deploy(deploy::DeployArgs),
    /// Upgrade the program on chain
    Upgrade(upgrade::UpgradeArgs),
    /// Compare the program on chain with a build, byte by byte
    Verify(verify::VerifyArgs),
    /// Transfer the upgrade authority, or make the program immutable
    Authority(authority::AuthorityArgs),
    /// List and close buffers that interrupted deployments left
    #[command(subcommand)]
    Buffers(buffers::BuffersCommand),
}

impl NetworkCommand {
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::Show => show::run(settings).await,
            Self::Deploy(args) => args.run(settings).await,
            Self::Upgrade(args) => args.run(settings).await,
            Self::Verify(args) => args.run(settings).await,
            Self::Authority(args) => args.run(settings).await,
            Self::Buffers(command) => command.run(settings).await,
        }
    }
}
