//! Key files in Solana's format, and the configuration of the Solana CLI.

use crate::error::{ChainError, WalletError};
use solana_sdk::signature::{self, Keypair};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Reads a key pair file: a JSON list of 64 numbers.
///
/// # Errors
/// [`ChainError::Wallet`] if the file cannot be read or is malformed.
pub fn read_keypair(path: &Path) -> Result<Keypair, ChainError> {
    let text = fs::read(path).map_err(|source| WalletError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    // Its error would show a part of the file.
    let keypair = signature::read_keypair(&mut text.as_slice());
    Ok(keypair.map_err(|_| WalletError::Malformed {
        path: path.to_owned(),
    })?)
}

/// Writes a new key pair file that only its owner may read. Never overwrites a file.
///
/// # Errors
/// [`ChainError::Wallet`] if the file cannot be written, or exists.
pub fn write_keypair(path: &Path, keypair: &Keypair) -> Result<(), ChainError> {
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path)?;
        signature::write_keypair(keypair, &mut file)
            .map_err(|error| io::Error::other(error.to_string()))?;
        file.sync_all()
    };
    Ok(write().map_err(|source| WalletError::Unwritable {
        path: path.to_owned(),
        source,
    })?)
}

/// Settings of the Solana CLI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliConfig {
    /// `json_rpc_url`.
    pub rpc_url: Option<String>,
    /// `websocket_url`, unless it is empty.
    pub ws_url: Option<String>,
    /// `keypair_path`.
    pub keypair: Option<PathBuf>,
}

impl CliConfig {
    /// Reads `~/.config/solana/cli/config.yml`. All settings are `None` if the file does not exist.
    pub fn load() -> Self {
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let path = home.join(".config/solana/cli/config.yml");
        fs::read_to_string(path)
            .map(|text| Self::parse(&text))
            .unwrap_or_default()
    }

    /// `solana config set` writes flat YAML, of which plain `key: value` lines suffice.
    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            let value = line.trim().trim_matches(['"', '\'']);
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            rpc_url: value("json_rpc_url"),
            ws_url: value("websocket_url"),
            keypair: value("keypair_path").map(PathBuf::from),
        }
    }
}

/// The websocket addresses that belong to comma-separated RPC addresses, as the Solana CLI computes them:
/// `http` becomes `ws`, and an explicit port is incremented.
pub fn default_ws_urls(rpc_urls: &str) -> String {
    let urls = rpc_urls.split(',').map(|url| default_ws_url(url.trim()));
    urls.collect::<Vec<_>>().join(",")
}

fn default_ws_url(rpc_url: &str) -> String {
    let swapped = rpc_url.replacen("http", "ws", 1);
    let (base, path) = match swapped.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('/') {
            Some((host, path)) => (format!("{scheme}://{host}"), format!("/{path}")),
            None => (format!("{scheme}://{rest}"), String::new()),
        },
        None => (swapped.clone(), String::new()),
    };
    match base.rsplit_once(':') {
        Some((host, port)) => match port.parse::<u16>() {
            Ok(port) => format!("{host}:{}{path}", port.saturating_add(1)),
            Err(_) => format!("{base}{path}"),
        },
        None => format!("{base}{path}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use solana_sdk::signature::Signer;

    #[test]
    fn solana_configuration_is_parsed() {
        let text = "---\njson_rpc_url: \"http://localhost:8899\"\nwebsocket_url: ''\nkeypair_path: /home/a/id.json\ncommitment: confirmed\n";
        let config = CliConfig::parse(text);
        assert_eq!(config.rpc_url.as_deref(), Some("http://localhost:8899"));
        assert_eq!(config.ws_url, None);
        assert_eq!(config.keypair, Some(PathBuf::from("/home/a/id.json")));
    }

    #[test]
    fn websocket_addresses_follow_from_rpc_addresses() {
        assert_eq!(
            default_ws_urls("http://127.0.0.1:8899"),
            "ws://127.0.0.1:8900"
        );
        assert_eq!(default_ws_urls("http://a:1, https://b"), "ws://a:2,wss://b");
        assert_eq!(
            default_ws_urls("https://api.example.com/x?k=1"),
            "wss://api.example.com/x?k=1"
        );
    }

    #[test]
    fn key_files_are_private_and_never_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let path = std::env::temp_dir().join(format!("millrace-key-{}.json", std::process::id()));
        let keypair = Keypair::new();
        write_keypair(&path, &keypair).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(read_keypair(&path).unwrap().pubkey(), keypair.pubkey());
        assert!(write_keypair(&path, &keypair).is_err());
        fs::write(&path, "[1,2]").unwrap();
        assert!(read_keypair(&path).is_err());
        fs::remove_file(path).unwrap();
    }
}
