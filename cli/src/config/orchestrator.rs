//! Settings of `millrace orchestrator run`.

use super::table::settings;
use super::{Layers, LogFormat, Sol, Span, Url};
use crate::config::settings::{Global, Settings, data_folder};
use crate::error::CliError;
use millrace_client::tx::fees::FeePolicy;
use millrace_orchestrator::{ChainConfig, Limits};
use std::net::SocketAddr;
use std::path::PathBuf;

settings! {
    /// What an orchestrator is configured with. To add a setting, add a line.
    OrchestratorSettings,
    /// Flags of an orchestrator.
    OrchestratorFlags;
    shared {
        /// Address of the RPC endpoint, or several by preference: where one fails, the next is asked
        url: Option<Url> = "";
        /// Websocket address of the endpoint, or as many as there are of `url`
        ws_url: Option<Url> = "";
        /// Key file of the registered key, which pays fees and rent
        keypair: Option<PathBuf> = "";
        /// Network file, or its folder: gives the endpoint, the key, and the network that has to be there
        network: Option<PathBuf> = "";
        /// Level of the log (error, warn, info, debug, trace), or a filter such as millrace=debug
        log: Option<String> = "";
        /// Form of the log: text, or json with an object a line
        log_format: LogFormat = "text";
    }
    own {
        /// Where its API listens
        listen: SocketAddr = "127.0.0.1:8901", "ADDRESS";
        /// Folder of its store and blobs; otherwise ~/.local/share/millrace/orchestrator
        data: Option<PathBuf> = "", "DIR";
        /// Its store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE, which several orchestrators may share; otherwise store.db in `data`
        store: Option<Url> = "", "STORE";
        /// Its blobs: a folder, or s3://BUCKET/PREFIX with credentials and endpoint in AWS_*; otherwise blobs in `data`
        blobs: Option<String> = "", "PLACE";
        /// How long a finished job stays on chain before it is closed
        close_after: Span = "1m", "SPAN";
        /// Time between two full reads of the chain
        reread: Span = "10s", "SPAN";
        /// How long acts under way may take to end after SIGTERM or Ctrl-C
        grace: Span = "30s", "SPAN";
        /// Time between two looks at endpoints, payer and store
        probe: Span = "5s", "SPAN";
        /// The genesis hash that the cluster must have; otherwise that of its data folder
        genesis: Option<String> = "", "HASH";
        /// The hash that the program on chain must have, as solana-verify tells it
        program_hash: Option<String> = "", "HASH";
        /// Most that a transaction pays for priority, lamports; rises to it with each re-signing
        priority_cap: u64 = "100000", "LAMPORTS";
        /// Which of the recent prices is paid, in percent of the slots that were cheaper
        priority_percentile: u8 = "75", "PERCENT";
        /// SOL of its key under which no shards are assigned: their rent would be the last
        payer_floor: Sol = "0.05 SOL", "SOL";
        /// SOL that its key should have: with less, the health is degraded
        payer_low: Sol = "0.1 SOL", "SOL";
        /// Time without a read after which the health is degraded
        stale_after: Span = "10s", "SPAN";
        /// Slots behind the newest endpoint beyond which the health is degraded
        slot_lag: u64 = "150", "SLOTS";
        /// Difference of the chain's clock and this machine's beyond which the health is degraded
        clock_skew: Span = "1m", "SPAN";
        /// Age of the history beyond which the health is degraded
        history_age: Span = "10m", "SPAN";
    }
}

/// Everything that an orchestrator is started with.
pub struct Loaded {
    /// Each setting with its origin.
    pub layers: Layers,
    /// The settings.
    pub settings: OrchestratorSettings,
}

impl Loaded {
    /// Reads flags, environment and file.
    ///
    /// # Errors
    /// What is wrong with a setting, with its name and origin.
    pub fn new(global: &Global, flags: &OrchestratorFlags) -> Result<Self, CliError> {
        let mut typed = flags.typed();
        typed.extend(global.typed());
        let layers = Layers::load(
            OrchestratorSettings::FIELDS,
            typed,
            |variable| std::env::var(variable).ok(),
            flags.config.as_deref(),
        )?;
        let settings = OrchestratorSettings::read(&layers)?;
        if settings.reread.0.is_zero() || settings.probe.0.is_zero() {
            let message = "`reread` and `probe` can't be 0: write a time such as 10s";
            return Err(CliError::Usage(message.to_owned()));
        }
        if settings.priority_percentile > 100 {
            let message = "`priority_percentile` is a share: write 0 to 100";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(Self { layers, settings })
    }

    /// The general flags, with what the file says of them.
    pub fn global(&self, typed: &Global) -> Global {
        let settings = self.settings.clone();
        Global {
            url: settings.url.map(|url| url.0),
            ws_url: settings.ws_url.map(|url| url.0),
            keypair: settings.keypair,
            network: settings.network,
            log: settings.log,
            log_format: Some(settings.log_format),
            ..typed.clone()
        }
    }

    /// Fills in what follows from the network file and from Solana's configuration.
    ///
    /// # Errors
    /// As [`Loaded::new`].
    pub fn derive(&mut self, found: &Settings) -> Result<(), CliError> {
        let from = match &found.network {
            Some(_) => "network file",
            None => "Solana CLI or default",
        };
        let key = match &found.network {
            Some((_, file)) if !found.keypair_named => &file.keys.orchestrator,
            _ => &found.keypair,
        };
        let data = data_folder().join("orchestrator");
        let shown = |path: &std::path::Path| path.display().to_string();
        self.layers.derive("url", found.rpc_url.clone(), from);
        self.layers.derive("ws_url", found.ws_url.clone(), from);
        self.layers.derive("keypair", shown(key), from);
        self.layers.derive("data", shown(&data), "default");
        self.settings = OrchestratorSettings::read(&self.layers)?;
        Ok(())
    }
}

impl OrchestratorSettings {
    /// How it deals with the chain.
    pub fn chain(&self) -> ChainConfig {
        ChainConfig {
            genesis: self.genesis.clone(),
            program_hash: self.program_hash.clone(),
            fees: FeePolicy {
                percentile: self.priority_percentile,
                cap: self.priority_cap,
            },
            payer_floor: self.payer_floor.0,
        }
    }

    /// What its health finds well.
    pub fn limits(&self) -> Limits {
        Limits {
            stale_after: self.stale_after.0,
            slot_lag: self.slot_lag,
            payer_low: self.payer_low.0,
            clock_skew: self.clock_skew.0,
            history_age: self.history_age.0,
        }
    }
}
