//! `network.json`: where a network is and whose keys there are, written by `millrace up`.

use crate::error::CliError;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Its name in a network's folder.
pub const FILE_NAME: &str = "network.json";

/// A network as other commands find it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFile {
    /// HTTP address of the RPC endpoint.
    pub rpc_url: String,
    /// Websocket address of the RPC endpoint.
    pub ws_url: String,
    /// Address of the orchestrator.
    pub orchestrator_url: String,
    /// Genesis hash of the cluster.
    pub genesis: String,
    /// Id of the network, hex.
    pub network_id: String,
    /// Address of the on-chain program.
    pub program: String,
    /// Mint of stake.
    pub stake_mint: String,
    /// Mint of payments.
    pub payment_mint: String,
    /// Key files.
    pub keys: KeyFiles,
    /// The providers.
    pub providers: Vec<ProviderEntry>,
}

/// Key files by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFiles {
    /// The network's authority, and the authority of its mints.
    pub deployer: PathBuf,
    /// A wallet with funds, for posting jobs.
    pub client: PathBuf,
    /// The orchestrator's key.
    pub orchestrator: PathBuf,
}

/// A provider of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    /// Its account.
    pub account: String,
    /// File of its cold key.
    pub authority: PathBuf,
    /// File of its hot key.
    pub operator: PathBuf,
    /// How its agent behaves.
    pub behaviour: String,
}

impl NetworkFile {
    /// Reads the file, or the file of this name in a folder.
    pub fn load(place: &Path) -> Result<(PathBuf, Self), CliError> {
        let path = match place.is_dir() {
            true => place.join(FILE_NAME),
            false => place.to_owned(),
        };
        let text = fs::read_to_string(&path).map_err(|error| CliError::File {
            path: path.clone(),
            reason: format!("the network file can't be read ({error}); `millrace up` writes one"),
        })?;
        let file = serde_json::from_str(&text).map_err(|error| CliError::File {
            path: path.clone(),
            reason: format!("this is no network file ({error}); `millrace up` writes one"),
        })?;
        Ok((path, file))
    }

    /// Writes it into `folder`, whole or not at all, and returns its path.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, CliError> {
        let path = folder.join(FILE_NAME);
        let draft = folder.join(".network.json.draft");
        let text = serde_json::to_string_pretty(self).map_err(|error| CliError::File {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        fs::write(&draft, text).map_err(CliError::file(&draft))?;
        fs::rename(&draft, &path).map_err(CliError::file(&path))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_network_file_is_found_in_its_folder_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            NetworkFile::load(folder.path())
                .unwrap_err()
                .to_string()
                .contains(FILE_NAME)
        );
        let file = NetworkFile {
            rpc_url: "http://127.0.0.1:1".into(),
            ws_url: "ws://127.0.0.1:2".into(),
            orchestrator_url: "http://127.0.0.1:3".into(),
            genesis: "g".into(),
            network_id: "00".into(),
            program: "p".into(),
            stake_mint: "s".into(),
            payment_mint: "s".into(),
            keys: KeyFiles {
                deployer: "d".into(),
                client: "c".into(),
                orchestrator: "o".into(),
            },
            providers: Vec::new(),
        };
        let path = file.save(folder.path()).unwrap();
        assert_eq!(
            NetworkFile::load(folder.path()).unwrap(),
            (path.clone(), file)
        );
        fs::write(&path, "{}").unwrap();
        assert!(
            NetworkFile::load(&path)
                .unwrap_err()
                .to_string()
                .contains("no network file")
        );
    }
}
