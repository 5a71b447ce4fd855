//! What an agent is started with.

use std::path::PathBuf;

use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::Keypair;

use crate::error::AgentError;
use crate::fault::Behaviour;

/// What an agent is started with.
pub struct Config {
    /// Addresses of the orchestrators, such as `http://127.0.0.1:8910`: the agent works for all of
    /// them at the same time, and what two of them ask for is done once.
    pub orchestrators: Vec<String>,
    /// The provider's account on chain.
    pub provider: Pubkey,
    /// The operator key that is registered for it; it signs, and pays nothing.
    pub operator: Keypair,
    /// Folder of the results and fetched blobs; made where it is missing. One agent at a time.
    pub data: PathBuf,
    /// Shards to run at the same time, at least 1.
    pub capacity: u32,
    /// How the agent behaves.
    pub behaviour: Behaviour,
}

/// An orchestrator's address, as its two protocols need it; without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) http: String,
    pub(crate) ws: String,
}

impl Config {
    /// Checks all that can be checked without touching anything. Gives each address once.
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
        match addresses.is_empty() {
            true => Err(AgentError::NoOrchestrator),
            false => Ok(addresses),
        }
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
                "its scheme is {}, and only http is spoken",
                url.scheme()
            )));
        };
        let rest = rest.trim_end_matches('/');
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a part behind ? or #".to_owned()));
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
    fn each_orchestrator_counts_once_and_one_is_needed() {
        let config = |orchestrators: &[&str]| Config {
            orchestrators: orchestrators.iter().map(|s| (*s).to_owned()).collect(),
            provider: Pubkey::new_unique(),
            operator: Keypair::new(),
            data: PathBuf::new(),
            capacity: 1,
            behaviour: Behaviour::Honest,
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
    fn what_is_no_http_address_is_refused_by_name() {
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
