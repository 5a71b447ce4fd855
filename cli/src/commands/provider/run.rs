//! `millrace provider run`: the agent.

use super::{provider_account, provider_address};
use crate::config::provider::{ProviderFlags, ProviderSettings};
use crate::config::settings::{Global, Settings, data_folder};
use crate::error::CliError;
use crate::signals::stop_signal;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::wallet::read_keypair;
use millrace_provider::Behaviour;
use solana_sdk::signature::Signer;

/// Arguments of `provider run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    flags: ProviderFlags,
    /// For demonstrations: honest, liar or silent
    #[arg(long, default_value = "honest", hide = true)]
    behaviour: Behaviour,
}

impl RunArgs {
    /// The general flags with what the file of settings says of them; `None` where it can't be used.
    pub fn global(&self, typed: &Global) -> Option<Global> {
        let chosen = ProviderSettings::load(typed, &self.flags).ok()?;
        Some(chosen.global(typed))
    }

    /// Runs until Ctrl-C or SIGTERM. The agent itself logs what it does.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        // The general settings are resolved already.
        let chosen = ProviderSettings::load(&Global::default(), &self.flags)?;
        let stop = stop_signal()?;
        let Some(file) = chosen.operator else {
            return Err(CliError::Usage(
                "the hot key is missing: name its file with --operator, MILLRACE_OPERATOR, or `operator` in the file of settings".to_owned(),
            ));
        };
        let given = chosen.provider.map(|text| text.parse()).transpose();
        let given = given.map_err(|_| {
            CliError::Usage("`provider` is no account: write its address".to_owned())
        })?;
        let connection = settings.connect().await?;
        let operator = read_keypair(&file)?;
        let provider = provider_address(settings, given)?;
        let registered = provider_account(&connection.rpc, &provider).await?.operator;
        if registered != operator.pubkey() {
            return Err(CliError::Usage(format!(
                "{} holds the key {}, and the provider {provider} is registered with the operator {registered}",
                file.display(),
                operator.pubkey()
            )));
        }
        let data = chosen
            .data
            .unwrap_or_else(|| data_folder().join(provider.to_string()));
        let config = millrace_provider::Config {
            orchestrators: settings.orchestrator_urls.clone(),
            provider,
            operator,
            data: data.clone(),
            capacity: chosen.capacity,
            behaviour: self.behaviour,
        };
        let handle = millrace_provider::start(config, stop)?;
        let text = key_values([
            ("provider", provider.to_string()),
            ("orchestrator", settings.orchestrator_urls.join(", ")),
            ("data", data.display().to_string()),
            ("end", "Ctrl-C".to_owned()),
        ]);
        settings.output.print_text(&text);
        Ok(handle.join().await?)
    }
}
