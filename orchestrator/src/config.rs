use crate::blobs::BlobLocation;
use crate::store::StoreLocation;
use millrace_client::tx::fees::FeePolicy;
use solana_sdk::signature::Keypair;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What an orchestrator is started with.
pub struct Config {
    /// HTTP address of the RPC endpoint.
    pub rpc_url: String,
    /// Websocket address of the RPC endpoint.
    pub ws_url: String,
    /// Where the API listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the store and the blobs, where they are not elsewhere.
    pub data: PathBuf,
    /// The store; `store.db` in `data` unless given. Several orchestrators may share a PostgreSQL:
    /// they share the work then.
    pub store: Option<StoreLocation>,
    /// The blobs; `blobs` in `data` unless given. Orchestrators that share a store share these too.
    pub blobs: Option<BlobLocation>,
    /// The registered key: signs assignments and reveals, pays fees and the rent of shards.
    pub key: Keypair,
    /// How long a finished job stays on chain before it is closed, so that its client can compare
    /// the results with the accounts.
    pub close_after: Duration,
    /// Time between two full reads of the chain.
    pub reread: Duration,
    /// How long acts under way may take to end after it was told to stop.
    pub grace: Duration,
    /// Time between two looks at endpoints, payer and store.
    pub probe: Duration,
    /// What is still well.
    pub limits: Limits,
    /// How it deals with the chain.
    pub chain: ChainConfig,
}

/// What is still well: beyond it the health is degraded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time since the cluster's clock was read.
    pub stale_after: Duration,
    /// Slots by which the cache is behind the newest endpoint.
    pub slot_lag: u64,
    /// Lamports that the key should have at least.
    pub payer_low: u64,
    /// Difference between the chain's clock and this machine's.
    pub clock_skew: Duration,
    /// Age of the history's cursor.
    pub history_age: Duration,
}

impl Default for Limits {
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

/// How an orchestrator deals with the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainConfig {
    /// The genesis hash that the cluster must have, base58; `None` takes the one that the store was made
    /// for, and any the first time.
    pub genesis: Option<String>,
    /// The hash that the program must have, hex; `None` takes any that fits this build.
    pub program_hash: Option<String>,
    /// What may be paid for a place in a block.
    pub fees: FeePolicy,
    /// Lamports of the key under which no shards are assigned: their rent would be the last.
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
