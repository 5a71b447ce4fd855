//! Settings of `millrace orchestrator run`.

use super::layers::Layers;
use super::service::ServiceTable;
use super::table::settings;
use super::value::{RedactedUrl, Sol, TimeSpan};
use crate::error::CliError;
use millrace_client::tx::fees::FeePolicy;
use millrace_orchestrator::{ChainConfig, HealthLimits};
use std::net::SocketAddr;
use std::path::PathBuf;

settings! {
    /// Settings of an orchestrator. To add one, add a line.
    OrchestratorSettings,
    /// Flags of an orchestrator.
    OrchestratorFlags, global = false;

    /// Address on which the API listens
    listen: SocketAddr = "127.0.0.1:8901", "ADDRESS";
    /// Folder of the store and blobs; if not set, ~/.local/share/millrace/orchestrator
    data: Option<PathBuf> = "", "DIR";
    /// Store: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE, which several orchestrators may share; if not set, store.db in `data`
    store: Option<RedactedUrl> = "", "STORE";
    /// Blob storage: a folder, or s3://BUCKET/PREFIX with credentials and endpoint in AWS_*; if not set, blobs in `data`
    blobs: Option<String> = "", "PLACE";
    /// Time that a finished job stays on chain before it is closed
    close_after: TimeSpan = "1m", "DURATION";
    /// Interval between two full reads of the chain
    full_read_interval: TimeSpan = "10s", "DURATION";
    /// Time that pending actions may take to finish after SIGTERM or Ctrl-C
    shutdown_timeout: TimeSpan = "30s", "DURATION";
    /// Interval between two checks of endpoints, payer and store
    probe_interval: TimeSpan = "5s", "DURATION";
    /// Genesis hash that the cluster must have; if not set, the one recorded in the data folder
    genesis: Option<String> = "", "HASH";
    /// Hash that the program on chain must have, as solana-verify computes it
    program_hash: Option<String> = "", "HASH";
    /// Maximum priority fee of a transaction in lamports; each re-signing raises the fee towards it
    priority_cap: u64 = "100000", "LAMPORTS";
    /// Percentile of the recent priority fees to pay
    priority_percentile: u8 = "75", "PERCENT";
    /// Balance of the orchestrator's key below which no shards are assigned, so that their rent does not use up the rest
    payer_floor: Sol = "0.05 SOL", "SOL";
    /// Balance of the orchestrator's key below which the health is degraded
    payer_low: Sol = "0.1 SOL", "SOL";
    /// Time without a successful read after which the health is degraded
    stale_after: TimeSpan = "10s", "DURATION";
    /// Slots that an endpoint may lag behind the newest one before the health is degraded
    slot_lag: u64 = "150", "SLOTS";
    /// Difference between the chain's clock and this machine's above which the health is degraded
    clock_skew: TimeSpan = "1m", "DURATION";
    /// Age of the history above which the health is degraded
    history_age: TimeSpan = "10m", "DURATION";
}

impl OrchestratorSettings {
    pub const TABLE: ServiceTable = ServiceTable {
        common: &["url", "ws_url", "keypair", "network", "log", "log_format"],
        own: Self::FIELDS,
    };

    /// Reads and checks the settings.
    ///
    /// # Errors
    /// [`CliError::Usage`] with the setting and its origin.
    pub fn load(layers: &Layers) -> Result<Self, CliError> {
        let settings = Self::read(layers)?;
        if settings.full_read_interval.0.is_zero() || settings.probe_interval.0.is_zero() {
            let message = "`full_read_interval` and `probe_interval` must not be 0; set a duration such as 10s";
            return Err(CliError::Usage(message.to_owned()));
        }
        if settings.priority_percentile > 100 {
            let message = "`priority_percentile` must be between 0 and 100";
            return Err(CliError::Usage(message.to_owned()));
        }
        Ok(settings)
    }

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

    pub fn health_limits(&self) -> HealthLimits {
        HealthLimits {
            stale_after: self.stale_after.0,
            slot_lag: self.slot_lag,
            payer_low: self.payer_low.0,
            clock_skew: self.clock_skew.0,
            history_age: self.history_age.0,
        }
    }
}
