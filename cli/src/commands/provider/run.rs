//! `millrace provider run`: the agent.

use super::{account, books};
use crate::error::CliError;
use crate::output::facts;
use crate::settings::{Settings, data_folder};
use crate::signals::stop_signal;
use clap::Args;
use millrace_chain::Pubkey;
use millrace_chain::wallet::read_keypair;
use millrace_provider::Behaviour;
use solana_sdk::signature::Signer;
use std::path::PathBuf;

/// Arguments of `provider run`.
#[derive(Debug, Args)]
pub struct Run {
    /// File of the hot key that is registered
    #[arg(long, value_name = "FILE")]
    operator: PathBuf,
    /// The provider's account [default: the wallet's]
    #[arg(long, value_name = "ACCOUNT")]
    provider: Option<Pubkey>,
    /// Folder of results and fetched data [default: ~/.local/share/millrace/ACCOUNT]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Shards to run at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    capacity: u32,
    /// For demonstrations: honest, liar or silent
    #[arg(long, default_value = "honest", hide = true)]
    behaviour: Behaviour,
}

impl Run {
    /// Runs until Ctrl-C or SIGTERM. The agent itself logs what it does.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let stop = stop_signal()?;
        let connection = settings.connect().await?;
        let operator = read_keypair(&self.operator)?;
        let provider = account(settings, self.provider)?;
        let registered = books(&connection.rpc, &provider).await?.operator;
        if registered != operator.pubkey() {
            return Err(CliError::Usage(format!(
                "{} holds the key {}, and the provider {provider} is registered with the operator {registered}",
                self.operator.display(),
                operator.pubkey()
            )));
        }
        let data = self
            .data
            .unwrap_or_else(|| data_folder().join(provider.to_string()));
        let config = millrace_provider::Config {
            orchestrators: settings.orchestrator_urls.clone(),
            provider,
            operator,
            data: data.clone(),
            capacity: self.capacity,
            behaviour: self.behaviour,
        };
        let handle = millrace_provider::start(config, stop)?;
        let text = facts([
            ("provider", provider.to_string()),
            ("orchestrator", settings.orchestrator_urls.join(", ")),
            ("data", data.display().to_string()),
            ("end", "Ctrl-C".to_owned()),
        ]);
        settings.output.say(&text);
        Ok(handle.join().await?)
    }
}
