//! `millrace provider run`: the agent.

use super::account::{find_provider, provider_address};
use crate::config::paths::data_folder;
use crate::config::provider::{ProviderFlags, ProviderSettings};
use crate::config::{ServiceArgs, Settings, SettingsFileArgs};
use crate::connection::connect;
use crate::error::CliError;
use crate::signals::stop_signal;
use crate::ui::output::key_values;
use clap::Args;
use millrace_client::wallet::read_keypair;
use millrace_provider::{AgentConfig, FaultMode};
use solana_sdk::signature::Signer;

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    file: SettingsFileArgs,
    #[command(flatten)]
    flags: ProviderFlags,
    /// Make the agent faulty, for demonstrations: wrong-result or no-commit
    #[arg(long, value_name = "MODE", hide = true)]
    fault: Option<FaultMode>,
}

impl RunArgs {
    pub fn service(&self) -> ServiceArgs<'_> {
        ServiceArgs {
            table: ProviderSettings::TABLE,
            flags: self.flags.values(),
            settings_file: self.file.settings_file.as_deref(),
        }
    }

    /// Runs until Ctrl-C or SIGTERM.
    pub async fn run(self, settings: &Settings) -> Result<(), CliError> {
        let own = ProviderSettings::load(&settings.layers)?;
        let stop = stop_signal()?;
        let Some(file) = own.operator else {
            return Err(CliError::Usage(
                "no operator key: name its file with --operator, MILLRACE_OPERATOR, or `operator` in the settings file".to_owned(),
            ));
        };
        let given = own.provider.map(|text| text.parse()).transpose();
        let given = given.map_err(|_| {
            CliError::Usage("`provider` must be the address of a provider account".to_owned())
        })?;
        let connection = connect(settings).await?;
        let operator = read_keypair(&file)?;
        let provider = provider_address(settings, given)?;
        let registered = find_provider(&connection.rpc, &provider).await?.operator;
        if registered != operator.pubkey() {
            return Err(CliError::Usage(format!(
                "{} holds the key {}, but the provider {provider} is registered with the operator {registered}",
                file.display(),
                operator.pubkey()
            )));
        }
        let data = own
            .data
            .unwrap_or_else(|| data_folder().join(provider.to_string()));
        let config = AgentConfig {
            orchestrators: settings.orchestrator_urls.clone(),
            provider,
            operator,
            data: data.clone(),
            capacity: own.capacity,
            fault: self.fault,
        };
        let handle = millrace_provider::start(config, stop)?;
        let text = key_values([
            ("provider", provider.to_string()),
            ("orchestrator", settings.orchestrator_urls.join(", ")),
            ("data", data.display().to_string()),
            ("stop with", "Ctrl-C".to_owned()),
        ]);
        settings.output.print_text(&text);
        Ok(handle.join().await?)
    }
}
