use crate::blobs::BlobPlace;
use crate::store::StorePlace;
use millrace_chain::fees::Fees;
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
    pub store: Option<StorePlace>,
    /// The blobs; `blobs` in `data` unless given. Orchestrators that share a store share these too.
    pub blobs: Option<BlobPlace>,
    /// The registered key: signs assignments and reveals, pays fees and the rent of shards.
    pub key: Keypair,
    /// How long a finished job stays on chain before it is closed, so that its client can compare
    /// the results with the accounts.
    pub close_after: Duration,
    /// Time between two full reads of the chain.
    pub reread: Duration,
    /// How it deals with the chain.
    pub chain: ChainConfig,
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
    pub fees: Fees,
    /// Lamports of the key under which no shards are assigned: their rent would be the last.
    pub payer_floor: u64,
}

impl Default for ChainConfig {
    fn default() -> Self {
        Self {
            genesis: None,
            program_hash: None,
            fees: Fees::default(),
            payer_floor: 50_000_000,
        }
    }
}

impl Config {
    /// Where the store is.
    pub fn store_place(&self) -> StorePlace {
        let own = || StorePlace::Sqlite(self.data.join("store.db"));
        self.store.clone().unwrap_or_else(own)
    }

    /// Where the blobs are.
    pub fn blob_place(&self) -> BlobPlace {
        let own = || BlobPlace::Folder(self.data.join("blobs"));
        self.blobs.clone().unwrap_or_else(own)
    }
}
