//! The common settings, resolved: endpoint, keys and orchestrators of a command.

use super::common::CommonSettings;
use super::layers::{Layers, Origin};
use super::network_file::NetworkFile;
use super::paths::home;
use crate::error::CliError;
use crate::ui::output::Output;
use millrace_client::wallet::{CliConfig, default_ws_urls, read_keypair};
use solana_sdk::signature::Keypair;
use std::path::{Path, PathBuf};

/// Whose key a command signs with if `--keypair` is not set and a network file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    Client,
    Deployer,
    Orchestrator,
}

pub struct Settings {
    pub rpc_url: String,
    pub ws_url: String,
    /// At least one.
    pub orchestrator_urls: Vec<String>,
    /// The network file with its path.
    pub network: Option<(PathBuf, NetworkFile)>,
    pub output: Output,
    pub layers: Layers,
    keypair: PathBuf,
}

impl Settings {
    /// Fills the layers from the network file and the Solana CLI's configuration.
    ///
    /// # Errors
    /// [`CliError::File`] if a network file is named and cannot be used, [`CliError::Usage`] for a
    /// setting that cannot be parsed.
    pub fn resolve(layers: Layers, output: Output) -> Result<Self, CliError> {
        let path: Option<PathBuf> = layers.get("network")?;
        let network = path.as_deref().map(NetworkFile::load).transpose()?;
        Self::merge(layers, output, network, CliConfig::load())
    }

    fn merge(
        mut layers: Layers,
        output: Output,
        network: Option<(PathBuf, NetworkFile)>,
        solana: CliConfig,
    ) -> Result<Self, CliError> {
        // A websocket URL belongs to the RPC URL beside it, and to no other.
        if let Some((path, file)) = &network {
            let origin = Origin::NetworkFile(path.clone());
            if layers.fill("url", &file.rpc_url, origin.clone()) {
                layers.fill("ws_url", &file.ws_url, origin.clone());
            }
            layers.fill("orchestrator", &file.orchestrator_url, origin);
        } else if let Some(keypair) = &solana.keypair {
            layers.fill("keypair", &keypair.display().to_string(), Origin::SolanaCli);
        }
        if let Some(url) = &solana.rpc_url
            && layers.fill("url", url, Origin::SolanaCli)
            && let Some(ws_url) = &solana.ws_url
        {
            layers.fill("ws_url", ws_url, Origin::SolanaCli);
        }
        let rpc_url = CommonSettings::read(&layers)?.url.0;
        layers.fill("ws_url", &default_ws_urls(&rpc_url), Origin::Derived("url"));

        let common = CommonSettings::read(&layers)?;
        let orchestrator_urls: Vec<String> = common
            .orchestrator
            .0
            .split(',')
            .map(|url| url.trim().trim_end_matches('/').to_owned())
            .filter(|url| !url.is_empty())
            .collect();
        if orchestrator_urls.is_empty() {
            let message = "`orchestrator` is empty; set the URL of an orchestrator";
            return Err(CliError::Usage(message.to_owned()));
        }
        let default_keypair = || home().join(".config/solana/id.json");
        Ok(Self {
            rpc_url,
            ws_url: common.ws_url.map(|url| url.0).unwrap_or_default(),
            orchestrator_urls,
            network,
            output,
            keypair: common.keypair.unwrap_or_else(default_keypair),
            layers,
        })
    }

    /// The first orchestrator.
    pub fn orchestrator_url(&self) -> &str {
        self.orchestrator_urls.first().map_or("", String::as_str)
    }

    /// The key file for a role: the one that `--keypair` names, else the network file's, else the
    /// wallet of the Solana CLI.
    pub fn key_file(&self, role: KeyRole) -> &Path {
        match &self.network {
            Some((_, file)) if !self.layers.origin("keypair").is_explicit() => match role {
                KeyRole::Client => &file.keys.client,
                KeyRole::Deployer => &file.keys.deployer,
                KeyRole::Orchestrator => &file.keys.orchestrator,
            },
            _ => &self.keypair,
        }
    }

    pub fn key(&self, role: KeyRole) -> Result<Keypair, CliError> {
        Ok(read_keypair(self.key_file(role))?)
    }

    pub fn wallet(&self) -> Result<Keypair, CliError> {
        self.key(KeyRole::Client)
    }

    /// Records the key file and the data folder of a service in the layers, for `config` to print.
    pub fn fill_service_paths(&mut self, role: KeyRole, data: &Path) {
        let origin = match &self.network {
            Some((path, _)) => Origin::NetworkFile(path.clone()),
            None => Origin::Default,
        };
        let key_file = self.key_file(role).display().to_string();
        self.layers.fill("keypair", &key_file, origin);
        let data = data.display().to_string();
        self.layers.fill("data", &data, Origin::Default);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::layers::Sources;
    use crate::config::network_file::KeyFiles;
    use crate::config::service::ServiceArgs;
    use crate::config::table::FlagValues;

    fn network_file() -> (PathBuf, NetworkFile) {
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

    fn settings(
        flags: &[(&'static str, &str)],
        network: Option<(PathBuf, NetworkFile)>,
        solana: CliConfig,
    ) -> Settings {
        let flags: FlagValues = flags
            .iter()
            .map(|(name, value)| (*name, Some((*value).to_owned())))
            .collect();
        let sources = Sources {
            flags,
            environment: &|_| None,
            file: None,
        };
        let layers = ServiceArgs::none().table.load(sources).unwrap();
        Settings::merge(layers, Output::default(), network, solana).unwrap()
    }

    #[test]
    fn network_file_overrides_the_solana_configuration() {
        let both = settings(&[], Some(network_file()), solana());
        assert_eq!(
            (both.rpc_url.as_str(), both.ws_url.as_str()),
            ("http://file:1", "ws://file:9")
        );
        assert_eq!(both.orchestrator_url(), "http://file:3");
        let origin = both.layers.origin("url").to_string();
        assert_eq!(origin, "network file network.json");
    }

    #[test]
    fn solana_configuration_overrides_the_defaults() {
        let found = settings(&[], None, solana());
        assert_eq!(found.rpc_url, "http://solana:5");
        assert_eq!(found.ws_url, "ws://solana:6");
        assert_eq!(found.orchestrator_url(), "http://127.0.0.1:8901");
        assert_eq!(found.key_file(KeyRole::Deployer), Path::new("id.json"));
        let default = settings(&[], None, CliConfig::default());
        assert_eq!(default.rpc_url, "http://127.0.0.1:8899");
        assert_eq!(default.ws_url, "ws://127.0.0.1:8900");
    }

    #[test]
    fn url_flag_does_not_take_the_websocket_of_another_endpoint() {
        let flags = [("url", "http://flag:7"), ("orchestrator", "http://flag:8/")];
        let flagged = settings(&flags, Some(network_file()), solana());
        assert_eq!(flagged.ws_url, "ws://flag:8");
        assert_eq!(flagged.orchestrator_url(), "http://flag:8");
        let origin = flagged.layers.origin("ws_url").to_string();
        assert_eq!(origin, "derived from `url`");
    }

    #[test]
    fn orchestrators_are_separated_by_commas() {
        let flags = [("orchestrator", "http://a:1/, http://b:2")];
        let several = settings(&flags, None, solana());
        assert_eq!(several.orchestrator_url(), "http://a:1");
        assert_eq!(several.orchestrator_urls, ["http://a:1", "http://b:2"]);
    }

    #[test]
    fn key_follows_the_role_unless_a_flag_names_it() {
        let file = settings(&[], Some(network_file()), solana());
        assert_eq!(file.key_file(KeyRole::Client), Path::new("client"));
        assert_eq!(file.key_file(KeyRole::Deployer), Path::new("deployer"));
        let flags = [("keypair", "mine")];
        let named = settings(&flags, Some(network_file()), solana());
        assert_eq!(named.key_file(KeyRole::Deployer), Path::new("mine"));
    }
}
