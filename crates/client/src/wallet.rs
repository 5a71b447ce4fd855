//! Key files in Solana's format, and the Solana CLI's configuration where one exists.

use crate::error::ChainError;
use solana_sdk::signature::Keypair;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads a key pair file: a JSON list of 64 numbers.
pub fn read_keypair(path: &Path) -> Result<Keypair, ChainError> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        ChainError::Wallet(format!(
            "the key file {shown} can't be read ({error}); make one with `millrace wallet new --out {shown}`, or name another with --keypair"
        ))
    })?;
    parse_keypair(&text).ok_or_else(|| {
        ChainError::Wallet(format!(
            "{shown} is no Solana key file: it must be a JSON list of 64 numbers"
        ))
    })
}

fn parse_keypair(text: &str) -> Option<Keypair> {
    let bytes: Vec<u8> = serde_json::from_str(text).ok()?;
    Keypair::try_from(bytes.as_slice()).ok()
}

/// Writes a new key pair file that only its owner may read; never over an existing file.
pub fn write_keypair(path: &Path, keypair: &Keypair) -> Result<(), ChainError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let fail = |error: std::io::Error| {
        ChainError::Wallet(format!(
            "the key file {} can't be written: {error}",
            path.display()
        ))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(fail)?;
    let text = serde_json::to_string(&keypair.to_bytes().to_vec())
        .map_err(|error| ChainError::Wallet(error.to_string()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(fail)
}

/// What the Solana CLI is configured for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliConfig {
    /// `json_rpc_url`.
    pub rpc_url: Option<String>,
    /// `websocket_url`, where not empty.
    pub ws_url: Option<String>,
    /// `keypair_path`.
    pub keypair: Option<PathBuf>,
}

impl CliConfig {
    /// Reads `~/.config/solana/cli/config.yml`; empty where there is none.
    pub fn load() -> Self {
        let home = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let path = home.join(".config/solana/cli/config.yml");
        fs::read_to_string(path)
            .map(|text| Self::parse(&text))
            .unwrap_or_default()
    }

    /// The file is flat YAML that `solana config set` writes; only plain `key: value` lines matter.
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

/// The websocket address that belongs to an RPC address, as the Solana CLI computes it: the scheme
/// becomes ws, a given port one higher.
pub fn ws_url_of(rpc_url: &str) -> String {
    let each = rpc_url.split(',').map(|url| ws_url_of_one(url.trim()));
    each.collect::<Vec<_>>().join(",")
}

fn ws_url_of_one(rpc_url: &str) -> String {
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
    fn a_solana_configuration_is_honoured() {
        let text = "---\njson_rpc_url: \"http://localhost:8899\"\nwebsocket_url: ''\nkeypair_path: /home/a/id.json\ncommitment: confirmed\n";
        let config = CliConfig::parse(text);
        assert_eq!(config.rpc_url.as_deref(), Some("http://localhost:8899"));
        assert_eq!(config.ws_url, None);
        assert_eq!(config.keypair, Some(PathBuf::from("/home/a/id.json")));
    }

    #[test]
    fn the_websocket_address_follows_the_rpc_address() {
        assert_eq!(ws_url_of("http://127.0.0.1:8899"), "ws://127.0.0.1:8900");
        assert_eq!(ws_url_of("http://a:1, https://b"), "ws://a:2,wss://b");
        assert_eq!(
            ws_url_of("https://api.example.com/x?k=1"),
            "wss://api.example.com/x?k=1"
        );
    }

    #[test]
    fn a_key_file_is_private_and_never_written_over() {
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
