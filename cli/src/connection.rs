//! Connections to the network and the orchestrator that the settings name.

use crate::api::Api;
use crate::config::Settings;
use crate::config::paths::state_folder;
use crate::error::CliError;
use crate::ui::output;
use millrace_client::Pubkey;
use millrace_client::accounts::AnyAccount;
use millrace_client::compatibility::supported_network;
use millrace_client::program::state::{Network, Provider};
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::journal::{FileJournal, Journal, MemoryJournal};
use millrace_client::tx::sender::Sender;
use std::sync::Arc;

/// A network whose parameters were read.
pub struct NetworkConnection {
    pub rpc: Rpc,
    pub network: Network,
    pub stake_decimals: u8,
    pub payment_decimals: u8,
}

impl NetworkConnection {
    /// Reads the network's parameters.
    pub async fn open(rpc: Rpc) -> Result<Self, CliError> {
        let network = supported_network(&rpc).await?;
        let (stake_decimals, payment_decimals) = tokio::try_join!(
            rpc.decimals(&network.stake_mint),
            rpc.decimals(&network.payment_mint)
        )?;
        Ok(Self {
            rpc,
            network,
            stake_decimals,
            payment_decimals,
        })
    }

    /// Hex.
    pub fn network_id(&self) -> String {
        hex::encode(self.network.network_id)
    }

    /// All registered providers, in the order of their registration.
    pub async fn providers(&self) -> Result<Vec<(Pubkey, Provider)>, CliError> {
        let snapshot = self.rpc.snapshot_all().await?;
        let mut providers: Vec<(Pubkey, Provider)> = snapshot
            .accounts
            .iter()
            .filter_map(|(key, data)| match AnyAccount::decode(key, data)? {
                AnyAccount::Provider(provider) => Some((*key, *provider)),
                _ => None,
            })
            .collect();
        providers.sort_by_key(|(key, provider)| (provider.registered_at, *key));
        Ok(providers)
    }

    /// A sender with a journal on disk. Transactions that an earlier process left open on the same
    /// network are completed first.
    pub async fn sender(&self) -> Result<Sender, CliError> {
        let folder = state_folder().join("journal").join(self.network_id());
        let journal: Arc<dyn Journal> = Arc::new(FileJournal::new(folder)?);
        let sender = Sender::new(self.rpc.clone(), journal);
        for purpose in sender.recover().await? {
            output::notice(&format!(
                "a transaction of an earlier run has landed: {purpose}"
            ));
        }
        Ok(sender)
    }
}

/// The RPC endpoint, which need not have a network yet. If a network file is set, the endpoint must be
/// on its cluster.
pub async fn cluster_rpc(settings: &Settings) -> Result<Rpc, CliError> {
    let rpc = Rpc::new(&settings.rpc_url, &settings.ws_url);
    if let Some((_, file)) = &settings.network {
        rpc.require_genesis(&file.genesis).await?;
    }
    Ok(rpc)
}

/// The first orchestrator's API; sends nothing.
pub fn orchestrator_api(settings: &Settings) -> Result<Api, CliError> {
    Api::new(settings.orchestrator_url())
}

/// Connects to the network, which must be the network file's if one is set.
///
/// # Errors
/// [`millrace_client::ChainError`], [`CliError::OtherNetwork`].
pub async fn connect(settings: &Settings) -> Result<NetworkConnection, CliError> {
    let connection = NetworkConnection::open(cluster_rpc(settings).await?).await?;
    match &settings.network {
        Some((path, file)) if file.network_id != connection.network_id() => {
            Err(CliError::OtherNetwork {
                url: settings.rpc_url.clone(),
                file: path.clone(),
                found: connection.network_id(),
                expected: file.network_id.clone(),
            })
        }
        _ => Ok(connection),
    }
}

/// A sender without a journal on disk, for steps that can be repeated and for networks that end with
/// this process.
pub fn ephemeral_sender(rpc: Rpc) -> Sender {
    Sender::new(rpc, Arc::new(MemoryJournal::default()))
}
