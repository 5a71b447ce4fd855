//! `millrace orchestrator run`: the service that hands work out.

use crate::config::Shown;
use crate::config::orchestrator::{Loaded, OrchestratorFlags};
use crate::config::settings::{Global, Settings, data_folder};
use crate::error::CliError;
use crate::signals::stop_signal;
use crate::ui::output::{key_values, notice};
use clap::Subcommand;
use millrace_orchestrator::{BlobPlace, StorePlace};
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::path::PathBuf;

/// Commands of `orchestrator`.
#[derive(Debug, Subcommand)]
pub enum OrchestratorCommand {
    /// Run an orchestrator until Ctrl-C or SIGTERM; --keypair names its registered key
    Run(OrchestratorFlags),
    /// Show what it would run with, and where each setting comes from; secrets are hidden
    Config(OrchestratorFlags),
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
    fn flags(&self) -> &OrchestratorFlags {
        match self {
            Self::Run(flags) | Self::Config(flags) => flags,
        }
    }

    /// The general flags with what the file of settings says of them; `None` where it can't be used.
    pub fn global(&self, typed: &Global) -> Option<Global> {
        let loaded = Loaded::new(typed, self.flags()).ok()?;
        Some(loaded.global(typed))
    }

    /// Does what was typed.
    pub async fn run(&self, typed: &Global) -> Result<(), CliError> {
        let mut loaded = Loaded::new(typed, self.flags())?;
        let settings = Settings::resolve(loaded.global(typed))?;
        match self {
            Self::Run(_) => serve(loaded, &settings).await,
            Self::Config(_) => {
                loaded.derive(&settings)?;
                let shown = loaded.layers.shown(loaded.settings.show());
                settings.output.print(&shown, |shown| Shown::file(shown));
                Ok(())
            }
        }
    }
}

/// Runs until Ctrl-C or SIGTERM.
async fn serve(loaded: Loaded, settings: &Settings) -> Result<(), CliError> {
    let chosen = loaded.settings;
    let (limits, chain) = (chosen.limits(), chosen.chain());
    let usage = |error: &dyn std::fmt::Display| CliError::Usage(error.to_string());
    // Read here and not with the other settings, whose errors repeat the text: it may hold a password.
    let store = chosen.store.map(|text| text.0.parse::<StorePlace>());
    let store = store.transpose().map_err(|error| usage(&error))?;
    let blobs = chosen.blobs.map(|text| text.parse::<BlobPlace>());
    let blobs = blobs.transpose().map_err(|error| usage(&error))?;
    let stop = stop_signal()?;
    let connection = settings.connect().await?;
    let key = settings.key_of(|file| &file.keys.orchestrator)?;
    let data = chosen
        .data
        .unwrap_or_else(|| data_folder().join("orchestrator"));
    let address = key.pubkey().to_string();
    let config = millrace_orchestrator::Config {
        rpc_url: connection.rpc.url().to_owned(),
        ws_url: connection.rpc.ws_urls().to_owned(),
        listen: chosen.listen,
        data: data.clone(),
        store,
        blobs,
        key,
        close_after: chosen.close_after.0,
        reread: chosen.reread.0,
        grace: chosen.grace.0,
        probe: chosen.probe.0,
        limits,
        chain,
    };
    let (store, blobs) = (config.store_place(), config.blob_place());
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
            ("end", "Ctrl-C".to_owned()),
        ])
    });
    let ended = handle.join().await?;
    match ended.left.as_slice() {
        [] => notice("the orchestrator has ended; nothing was left under way"),
        left => notice(&format!(
            "the orchestrator has ended; {} acts were left under way, which the next start sees through: {}",
            left.len(),
            left.join(", ")
        )),
    }
    Ok(())
}
