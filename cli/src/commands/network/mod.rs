//! `millrace network`: what a network is like, and the program that it runs on.

mod authority;
mod buffers;
mod deploy;
mod show;
mod upgrade;
mod verify;

use crate::config::settings::Settings;
use crate::error::CliError;
use clap::Subcommand;

/// Commands of `network`.
#[derive(Debug, Subcommand)]
pub enum NetworkCommand {
    /// Show the network's parameters and what is on it
    Show,
    /// Put the on-chain program on a cluster; an interrupted run goes on where it was
    Deploy(deploy::DeployArgs),
    /// Replace the bytes of the program on chain
    Upgrade(upgrade::UpgradeArgs),
    /// Compare the program on chain with a build, byte by byte
    Verify(verify::VerifyArgs),
    /// Hand the program to another upgrade authority, or to nobody
    Authority(authority::AuthorityArgs),
    /// What interrupted deployments left behind
    #[command(subcommand)]
    Buffers(buffers::BuffersCommand),
}

impl NetworkCommand {
    /// Does it.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        match self {
            Self::Show => show::run(settings).await,
            Self::Deploy(deploy) => deploy.run(settings).await,
            Self::Upgrade(upgrade) => upgrade.run(settings).await,
            Self::Verify(verify) => verify.run(settings).await,
            Self::Authority(authority) => authority.run(settings).await,
            Self::Buffers(buffers) => buffers.run(settings).await,
        }
    }
}
