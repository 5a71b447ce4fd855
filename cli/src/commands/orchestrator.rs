//! `millrace orchestrator`: the service that assigns shards to providers.

use crate::config::orchestrator::{OrchestratorFlags, OrchestratorSettings};
use crate::config::paths::data_folder;
use crate::config::{
    CommonSettings, EffectiveSetting, KeyRole, ServiceArgs, Settings, SettingsFileArgs,
};
use crate::connection::connect;
use crate::error::CliError;
use crate::signals::stop_signal;
use crate::ui::output::{key_values, notice};
use clap::{Args, Subcommand};
use millrace_orchestrator::{BlobLocation, StoreLocation};
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum OrchestratorCommand {
    /// Run an orchestrator until Ctrl-C or SIGTERM; --keypair names its registered key
    Run(OrchestratorArgs),
    /// Print the effective settings and where each comes from, without secrets
    Config(OrchestratorArgs),
}

#[derive(Args, Debug)]
pub struct OrchestratorArgs {
    #[command(flatten)]
    file: SettingsFileArgs,
    #[command(flatten)]
    flags: OrchestratorFlags,
}

#[derive(Serialize)]
struct StartedReport {
    url: String,
    key: String,
    data: PathBuf,
    store: String,
    blobs: String,
}

impl OrchestratorCommand {
    pub fn service(&self) -> ServiceArgs<'_> {
        let (Self::Run(args) | Self::Config(args)) = self;
        ServiceArgs {
            table: OrchestratorSettings::TABLE,
            flags: args.flags.values(),
            settings_file: args.file.settings_file.as_deref(),
        }
    }

    pub async fn run(&self, mut settings: Settings) -> Result<(), CliError> {
        let own = OrchestratorSettings::load(&settings.layers)?;
        match self {
            Self::Run(_) => serve(own, &settings).await,
            Self::Config(_) => {
                let data = data_folder().join("orchestrator");
                settings.fill_service_paths(KeyRole::Orchestrator, &data);
                print_config(&settings)
            }
        }
    }
}

fn print_config(settings: &Settings) -> Result<(), CliError> {
    let layers = &settings.layers;
    let mut values = CommonSettings::read(layers)?.redacted();
    values.retain(|(name, _)| OrchestratorSettings::TABLE.common.contains(name));
    values.extend(OrchestratorSettings::read(layers)?.redacted());
    let effective = layers.effective(values);
    settings
        .output
        .print(&effective, |effective| EffectiveSetting::file(effective));
    Ok(())
}

async fn serve(own: OrchestratorSettings, settings: &Settings) -> Result<(), CliError> {
    let (health_limits, chain) = (own.health_limits(), own.chain());
    let usage = |error: &dyn std::fmt::Display| CliError::Usage(error.to_string());
    // Parsed here and not with the other settings, whose errors repeat the text: it may hold a
    // password.
    let store = own.store.map(|text| text.0.parse::<StoreLocation>());
    let store = store.transpose().map_err(|error| usage(&error))?;
    let blobs = own.blobs.map(|text| text.parse::<BlobLocation>());
    let blobs = blobs.transpose().map_err(|error| usage(&error))?;
    let stop = stop_signal()?;
    let connection = connect(settings).await?;
    let key = settings.key(KeyRole::Orchestrator)?;
    let data = own
        .data
        .unwrap_or_else(|| data_folder().join("orchestrator"));
    let address = key.pubkey().to_string();
    let config = millrace_orchestrator::Config {
        rpc_url: connection.rpc.url().to_owned(),
        ws_url: connection.rpc.ws_urls().to_owned(),
        listen: own.listen,
        data: data.clone(),
        store,
        blobs,
        key,
        close_after: own.close_after.0,
        full_read_interval: own.full_read_interval.0,
        shutdown_timeout: own.shutdown_timeout.0,
        probe_interval: own.probe_interval.0,
        health_limits,
        chain,
    };
    let (store, blobs) = (config.store_location(), config.blob_location());
    let handle = millrace_orchestrator::start(config, stop).await?;
    let started = StartedReport {
        url: handle.url.clone(),
        key: address,
        data,
        store: store.to_string(),
        blobs: blobs.to_string(),
    };
    settings.output.print(&started, |started| {
        key_values([
            ("orchestrator", started.url.clone()),
            ("key", started.key.clone()),
            ("data", started.data.display().to_string()),
            ("store", started.store.clone()),
            ("blobs", started.blobs.clone()),
            ("stop with", "Ctrl-C".to_owned()),
        ])
    });
    let report = handle.join().await;
    match report.unfinished.as_slice() {
        [] => notice("orchestrator stopped; no actions in flight"),
        left => notice(&format!(
            "orchestrator stopped with {} actions in flight, which the next start resumes: {}",
            left.len(),
            left.join(", ")
        )),
    }
    Ok(())
}
