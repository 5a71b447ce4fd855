use crate::blobs::BlobLocation;
use crate::store::StoreLocation;
use millrace_client::tx::fees::FeePolicy;
use solana_sdk::signature::Keypair;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Configuration of an orchestrator.
pub struct Config {
    /// HTTP address of the RPC endpoint.
    pub rpc_url: String,
    /// Websocket address of the RPC endpoint.
    pub ws_url: String,
    /// Address of the API; port 0 picks a free port.
    pub listen: SocketAddr,
    /// Folder of the store and the blobs, unless configured elsewhere.
    pub data: PathBuf,
    /// `store.db` in `data` by default. Orchestrators that share a PostgreSQL database share the work.
    pub store: Option<StoreLocation>,
    /// `blobs` in `data` by default. Orchestrators that share a store must share the blobs too.
    pub blobs: Option<BlobLocation>,
    /// The registered key: signs assignments and reveals, pays fees and the rent of shards.
    pub key: Keypair,
    /// How long a finished job stays on chain before it is closed, so that its client can compare
    /// the results with the accounts.
    pub close_after: Duration,
    /// Time between two full reads of the chain.
    pub full_read_interval: Duration,
    /// How long actions in flight may take to end after a stop.
    pub shutdown_timeout: Duration,
    /// Time between two checks of endpoints, payer and store.
    pub probe_interval: Duration,
    pub health_limits: HealthLimits,
    pub chain: ChainConfig,
}

/// Limits beyond which the health is degraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthLimits {
    /// Time since the cluster's clock was read.
    pub stale_after: Duration,
    /// Slots by which the cache is behind the newest endpoint.
    pub slot_lag: u64,
    /// Minimum balance of the key, lamports.
    pub payer_low: u64,
    /// Difference between the cluster's clock and this machine's.
    pub clock_skew: Duration,
    /// Time since all finalized events had been stored.
    pub history_age: Duration,
}

impl Default for HealthLimits {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_secs(10),
            slot_lag: 150,
            payer_low: 100_000_000,
            clock_skew: Duration::from_secs(60),
            history_age: Duration::from_secs(600),
        }
    }
}

/// Requirements of the cluster, and limits on what the key pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// Required genesis hash, base58. By default that of the first cluster that the store was used with.
    pub genesis: Option<String>,
    /// Required hash of the program, hex. By default any program that this build supports.
    pub program_hash: Option<String>,
    /// Limits of priority fees.
    pub fees: FeePolicy,
    /// Balance below which no shards are assigned, lamports, so that their rent does not use up the rest.
    pub payer_floor: u64,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            genesis: None,
            program_hash: None,
            fees: FeePolicy::default(),
            payer_floor: 50_000_000,
        }
    }
}

impl Config {
    /// The configured store, or `store.db` in the data folder.
    pub fn store_location(&self) -> StoreLocation {
        let default = || StoreLocation::Sqlite(self.data.join("store.db"));
        self.store.clone().unwrap_or_else(default)
    }

    /// The configured blobs, or `blobs` in the data folder.
    pub fn blob_location(&self) -> BlobLocation {
        let default = || BlobLocation::Folder(self.data.join("blobs"));
        self.blobs.clone().unwrap_or_else(default)
    }
}
