//! Where everything is: flags and environment first, then the network file, then the Solana CLI's
//! configuration, then the defaults of a local network.

use crate::api::Api;
use crate::config::network_file::NetworkFile;
use crate::config::{LogFormat, Setting};
use crate::error::CliError;
use crate::ui::output::Output;
use clap::Args;
use millrace_client::program::state::Network;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::journal::{FileJournal, Journal, MemoryJournal};
use millrace_client::tx::sender::Sender;
use millrace_client::wallet::{CliConfig, read_keypair, ws_url_of};
use solana_sdk::signature::Keypair;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// RPC endpoint where nothing else is said.
const DEFAULT_URL: &str = "http://127.0.0.1:8899";
/// Orchestrator where nothing else is said.
const DEFAULT_ORCHESTRATOR: &str = "http://127.0.0.1:8901";

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Address of the RPC endpoint, or several with commas between them: where one fails, the next is asked [default: the network file's, the Solana CLI's, or http://127.0.0.1:8899]
    // Its value may hold a token: help does not show it.
    #[arg(
        long,
        global = true,
        env = "MILLRACE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub url: Option<String>,
    /// Websocket address of the RPC endpoint, or as many as there are of --url [default: one port above --url]
    #[arg(
        long,
        global = true,
        env = "MILLRACE_WS_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub ws_url: Option<String>,
    /// Key file of the wallet [default: the network file's client, the Solana CLI's, or ~/.config/solana/id.json]
    #[arg(long, global = true, env = "MILLRACE_KEYPAIR", value_name = "FILE")]
    pub keypair: Option<PathBuf>,
    /// Address of the orchestrator, or several with commas between them: agents work for all of them, everything else asks the first [default: the network file's, or http://127.0.0.1:8901]
    #[arg(
        id = "orchestrator_url",
        long = "orchestrator",
        global = true,
        env = "MILLRACE_ORCHESTRATOR",
        value_name = "URL"
    )]
    pub orchestrator: Option<String>,
    /// Network file that `millrace up` wrote, or its folder
    #[arg(
        id = "network_file",
        long = "network",
        global = true,
        env = "MILLRACE_NETWORK",
        value_name = "PATH"
    )]
    pub network: Option<PathBuf>,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Level of the log (error, warn, info, debug, trace), or a filter such as millrace=debug
    #[arg(long, global = true, env = "MILLRACE_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// Form of the log: text, or json with an object a line [default: text]
    #[arg(
        long,
        global = true,
        env = "MILLRACE_LOG_FORMAT",
        value_name = "text|json"
    )]
    pub log_format: Option<LogFormat>,
    /// Say more; twice and thrice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// What was typed or is in the environment, by the names that services know it by.
    pub fn typed(&self) -> Vec<(&'static str, Option<String>)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        vec![
            ("url", self.url.clone()),
            ("ws_url", self.ws_url.clone()),
            ("keypair", path(&self.keypair)),
            ("orchestrator", self.orchestrator.clone()),
            ("network", path(&self.network)),
            ("log", self.log.clone()),
            ("log_format", self.log_format.map(|format| format.show())),
        ]
    }
}

/// What the flags, the environment and the files come to.
pub struct Settings {
    /// RPC endpoint.
    pub rpc_url: String,
    /// Its websocket.
    pub ws_url: String,
    /// Key file of the wallet.
    pub keypair: PathBuf,
    /// The wallet was named by a flag or the environment.
    pub keypair_named: bool,
    /// The orchestrator that is asked.
    pub orchestrator_url: String,
    /// All orchestrators that were named, that one first.
    pub orchestrator_urls: Vec<String>,
    /// The network file with its path, where one is named.
    pub network: Option<(PathBuf, NetworkFile)>,
    /// Where data goes.
    pub output: Output,
}

/// A network that was reached and is the right one.
pub struct Connection {
    /// Its endpoint.
    pub rpc: Rpc,
    /// Its parameters.
    pub network: Network,
    /// Decimals of the stake mint.
    pub stake_decimals: u8,
    /// Decimals of the payment mint.
    pub payment_decimals: u8,
}

impl Connection {
    /// Looks at the network behind `rpc`.
    pub async fn open(rpc: Rpc) -> Result<Self, CliError> {
        let network = rpc.network().await?;
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

    /// The network's id, hex.
    pub fn network_id(&self) -> String {
        hex::encode(self.network.network_id)
    }
}

impl Settings {
    /// Resolves the flags.
    ///
    /// # Errors
    /// [`CliError::File`] where a network file is named and can't be used.
    pub fn resolve(global: Global) -> Result<Self, CliError> {
        let network = global
            .network
            .as_deref()
            .map(NetworkFile::load)
            .transpose()?;
        Ok(Self::merge(global, network, CliConfig::load()))
    }

    fn merge(global: Global, network: Option<(PathBuf, NetworkFile)>, solana: CliConfig) -> Self {
        let file = network.as_ref().map(|(_, file)| file);
        let of_file = |field: fn(&NetworkFile) -> &String| file.map(|file| field(file).clone());
        // A websocket address belongs to the RPC address that stands beside it, and to no other.
        let (rpc_url, ws_beside) = match global.url {
            Some(url) => (url, None),
            None => match (file, solana.rpc_url) {
                (Some(file), _) => (file.rpc_url.clone(), Some(file.ws_url.clone())),
                (None, Some(url)) => (url, solana.ws_url),
                (None, None) => (DEFAULT_URL.to_owned(), None),
            },
        };
        let ws_url = global
            .ws_url
            .or(ws_beside)
            .unwrap_or_else(|| ws_url_of(&rpc_url));
        let keypair_named = global.keypair.is_some();
        let keypair = global
            .keypair
            .or_else(|| file.map(|file| file.keys.client.clone()))
            .or(solana.keypair)
            .unwrap_or_else(|| home().join(".config/solana/id.json"));
        let orchestrators = global
            .orchestrator
            .or_else(|| of_file(|file| &file.orchestrator_url))
            .unwrap_or_else(|| DEFAULT_ORCHESTRATOR.to_owned());
        let orchestrator_urls: Vec<String> = orchestrators
            .split(',')
            .map(|url| url.trim().trim_end_matches('/').to_owned())
            .filter(|url| !url.is_empty())
            .collect();
        Self {
            rpc_url,
            ws_url,
            keypair,
            keypair_named,
            orchestrator_url: orchestrator_urls.first().cloned().unwrap_or_default(),
            orchestrator_urls,
            network,
            output: Output { json: global.json },
        }
    }

    /// The endpoint; nothing is sent yet.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(&self.rpc_url, &self.ws_url)
    }

    /// The endpoint, of which there need not be a network yet; on the cluster of the network file, where
    /// one is named.
    pub async fn rpc_of_file(&self) -> Result<Rpc, CliError> {
        let rpc = self.rpc();
        if let Some((_, file)) = &self.network {
            rpc.require_genesis(&file.genesis).await?;
        }
        Ok(rpc)
    }

    /// The wallet's key.
    pub fn wallet(&self) -> Result<Keypair, CliError> {
        Ok(read_keypair(&self.keypair)?)
    }

    /// The key of a role: the one that --keypair names, else the network file's, else the wallet's.
    pub fn key_of(&self, role: fn(&NetworkFile) -> &Path) -> Result<Keypair, CliError> {
        match &self.network {
            Some((_, file)) if !self.keypair_named => Ok(read_keypair(role(file))?),
            _ => self.wallet(),
        }
    }

    /// The orchestrator's API.
    pub fn api(&self) -> Result<Api, CliError> {
        Api::new(&self.orchestrator_url)
    }

    /// Reaches the network and checks that it is the one of the network file, where one is named.
    ///
    /// # Errors
    /// [`millrace_client::ChainError`] by name, [`CliError::OtherNetwork`].
    pub async fn connect(&self) -> Result<Connection, CliError> {
        let rpc = self.rpc();
        if let Some((_, file)) = self.network.as_ref() {
            rpc.require_genesis(&file.genesis).await?;
        }
        let connection = Connection::open(rpc).await?;
        match &self.network {
            Some((path, file)) if file.network_id != connection.network_id() => {
                Err(CliError::OtherNetwork {
                    url: self.rpc_url.clone(),
                    file: path.clone(),
                    found: connection.network_id(),
                    expected: file.network_id.clone(),
                })
            }
            _ => Ok(connection),
        }
    }

    /// A sender whose journal outlasts this process; what an earlier one left open on the same network
    /// is seen through first.
    pub async fn sender(&self, connection: &Connection) -> Result<Sender, CliError> {
        let folder = state_folder().join("journal").join(connection.network_id());
        let journal: Arc<dyn Journal> = Arc::new(FileJournal::new(folder)?);
        let sender = Sender::new(connection.rpc.clone(), journal);
        for purpose in sender.recover().await? {
            crate::ui::output::notice(&format!(
                "a transaction of an earlier run has landed: {purpose}"
            ));
        }
        Ok(sender)
    }
}

/// A sender for networks that end with this process.
pub fn ephemeral_sender(rpc: Rpc) -> Sender {
    Sender::new(rpc, Arc::new(MemoryJournal::default()))
}

fn home() -> PathBuf {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default()
}

fn folder_of(variable: &str, below_home: &str) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let base = named.filter(|path| path.is_absolute());
    base.unwrap_or_else(|| home().join(below_home))
        .join("millrace")
}

/// Where journals are kept.
pub fn state_folder() -> PathBuf {
    folder_of("XDG_STATE_HOME", ".local/state")
}

/// Where agents and orchestrators keep their data unless told otherwise.
pub fn data_folder() -> PathBuf {
    folder_of("XDG_DATA_HOME", ".local/share")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::network_file::KeyFiles;

    fn file() -> (PathBuf, NetworkFile) {
        let file = NetworkFile {
            rpc_url: "http://file:1".into(),
            ws_url: "ws://file:9".into(),
            orchestrator_url: "http://file:3".into(),
            genesis: String::new(),
            network_id: String::new(),
            program: String::new(),
            stake_mint: String::new(),
            payment_mint: String::new(),
            keys: KeyFiles {
                deployer: "deployer".into(),
                client: "client".into(),
                orchestrator: "orchestrator".into(),
            },
            providers: Vec::new(),
        };
        ("network.json".into(), file)
    }

    fn solana() -> CliConfig {
        CliConfig {
            rpc_url: Some("http://solana:5".into()),
            ws_url: None,
            keypair: Some("id.json".into()),
        }
    }

    #[test]
    fn flags_come_before_the_network_file_and_that_before_the_solana_configuration() {
        let all = Settings::merge(Global::default(), Some(file()), solana());
        assert_eq!(
            (all.rpc_url.as_str(), all.ws_url.as_str()),
            ("http://file:1", "ws://file:9")
        );
        assert_eq!(all.keypair, PathBuf::from("client"));
        let solana_only = Settings::merge(Global::default(), None, solana());
        assert_eq!(solana_only.rpc_url, "http://solana:5");
        assert_eq!(solana_only.ws_url, "ws://solana:6");
        assert_eq!(solana_only.orchestrator_url, DEFAULT_ORCHESTRATOR);
        let flags = Global {
            url: Some("http://flag:7".into()),
            orchestrator: Some("http://flag:8/".into()),
            ..Global::default()
        };
        let flagged = Settings::merge(flags, Some(file()), solana());
        // The file's websocket is of another endpoint.
        assert_eq!(flagged.ws_url, "ws://flag:8");
        assert_eq!(flagged.orchestrator_url, "http://flag:8");
        let several = Global {
            orchestrator: Some("http://a:1/, http://b:2".into()),
            ..Global::default()
        };
        let several = Settings::merge(several, None, solana());
        assert_eq!(several.orchestrator_url, "http://a:1");
        assert_eq!(several.orchestrator_urls, ["http://a:1", "http://b:2"]);
    }
}
