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
    /// Folder of the store and the blobs.
    pub data: PathBuf,
    /// The registered key: signs assignments and reveals, pays fees and the rent of shards.
    pub key: Keypair,
    /// How long a finished job stays on chain before it is closed, so that its client can compare
    /// the results with the accounts.
    pub close_after: Duration,
    /// Time between two full reads of the chain.
    pub reread: Duration,
}
