//! The configuration of an agent.

use std::path::PathBuf;

use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;

use crate::error::AgentError;
use crate::fault::FaultMode;

/// The configuration of an agent.
pub struct AgentConfig {
    /// Addresses of the orchestrators, such as `http://127.0.0.1:8910`. The agent works for all of
    /// them at the same time and runs a shard once even if two of them ask for it.
    pub orchestrators: Vec<String>,
    /// Address of the provider's account.
    pub provider: Pubkey,
    /// The registered operator key. It signs and pays nothing.
    pub operator: Keypair,
    /// Folder of results and downloaded blobs, created if it is missing. Only one agent at a time can
    /// use a folder.
    pub data: PathBuf,
    /// Number of shards to run at the same time, at least 1.
    pub capacity: u32,
    /// A deliberate fault, for demonstrations and tests.
    pub fault: Option<FaultMode>,
}

/// The address of an orchestrator for both of its protocols, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) http: String,
    pub(crate) ws: String,
}

impl AgentConfig {
    /// Checks what can be checked without I/O. Returns the distinct addresses.
    pub(crate) fn check(&self) -> Result<Vec<Address>, AgentError> {
        if self.capacity == 0 {
            return Err(AgentError::NoCapacity);
        }
        let mut addresses: Vec<Address> = Vec::new();
        for text in &self.orchestrators {
            let address = Address::parse(text)?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(AgentError::NoOrchestrator);
        }
        Ok(addresses)
    }
}

impl Address {
    fn parse(text: &str) -> Result<Self, AgentError> {
        let refuse = |reason: String| AgentError::Address {
            address: text.to_owned(),
            reason,
        };
        let url = reqwest::Url::parse(text.trim()).map_err(|error| refuse(error.to_string()))?;
        let Some(rest) = url.as_str().strip_prefix("http://") else {
            return Err(refuse(format!(
                "the scheme {} is not supported",
                url.scheme()
            )));
        };
        let rest = rest.trim_end_matches('/');
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("a query or fragment is not allowed".to_owned()));
        }
        Ok(Self {
            http: format!("http://{rest}"),
            ws: format!("ws://{rest}"),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_serves_both_protocols() {
        for text in ["http://127.0.0.1:8910", " HTTP://127.0.0.1:8910/ "] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.http, "http://127.0.0.1:8910");
            assert_eq!(address.ws, "ws://127.0.0.1:8910");
        }
    }

    #[test]
    fn duplicate_orchestrators_count_once_and_an_empty_list_is_refused() {
        let config = |orchestrators: &[&str]| AgentConfig {
            orchestrators: orchestrators.iter().map(|s| (*s).to_owned()).collect(),
            provider: Pubkey::new_unique(),
            operator: Keypair::new(),
            data: PathBuf::new(),
            capacity: 1,
            fault: None,
        };
        let found = config(&["http://a:1", "http://b:2", "http://a:1/"]).check();
        let found: Vec<String> = found.unwrap().into_iter().map(|a| a.http).collect();
        assert_eq!(found, ["http://a:1", "http://b:2"]);
        assert!(matches!(
            config(&[]).check(),
            Err(AgentError::NoOrchestrator)
        ));
    }

    #[test]
    fn an_address_without_http_is_refused() {
        for text in [
            "",
            "127.0.0.1:8910",
            "https://a",
            "http://",
            "http://a/?b",
            "ftp://a",
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
