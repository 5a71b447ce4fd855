//! `network.json`: endpoints, addresses and key files of a local network, written by `millrace up`.

use crate::error::CliError;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

pub const FILE_NAME: &str = "network.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFile {
    pub rpc_url: String,
    pub ws_url: String,
    pub orchestrator_url: String,
    /// Genesis hash of the cluster.
    pub genesis: String,
    /// Hex.
    pub network_id: String,
    pub program: String,
    pub stake_mint: String,
    pub payment_mint: String,
    pub keys: KeyFiles,
    pub providers: Vec<ProviderEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFiles {
    /// Authority of the network and of its mints.
    pub deployer: PathBuf,
    /// Wallet with funds, for posting jobs.
    pub client: PathBuf,
    pub orchestrator: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderEntry {
    pub account: String,
    /// Key file of the cold key.
    pub authority: PathBuf,
    /// Key file of the hot key.
    pub operator: PathBuf,
    /// The deliberate fault of the agent; none if it is honest.
    #[serde(default)]
    pub fault: Option<String>,
}

impl ProviderEntry {
    pub fn behaviour(&self) -> &str {
        self.fault.as_deref().unwrap_or("honest")
    }
}

impl NetworkFile {
    /// Reads the file, or [`FILE_NAME`] in the folder, and returns it with its path.
    pub fn load(file_or_folder: &Path) -> Result<(PathBuf, Self), CliError> {
        let path = if file_or_folder.is_dir() {
            file_or_folder.join(FILE_NAME)
        } else {
            file_or_folder.to_owned()
        };
        let text = fs::read_to_string(&path).map_err(|error| CliError::File {
            path: path.clone(),
            reason: format!("cannot read the network file ({error}); `millrace up` writes one"),
        })?;
        let file = serde_json::from_str(&text).map_err(|error| CliError::File {
            path: path.clone(),
            reason: format!("not a network file ({error}); `millrace up` writes one"),
        })?;
        Ok((path, file))
    }

    /// Writes the file into `folder` atomically, and returns its path.
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
    fn network_file_is_found_in_its_folder_and_a_broken_one_is_reported() {
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
                .contains("not a network file")
        );
    }
}
