//! Options of a local network.

use crate::error::CliError;
use crate::tokens::mints::DECIMALS;
use millrace_migrations::Parameters;
use millrace_orchestrator::Limits;
use millrace_protocol::amount::parse_amount;
use millrace_provider::Behaviour;
use solana_sdk::signature::Keypair;
use std::path::PathBuf;
use std::time::Duration;

const TOKEN: u64 = 10u64.pow(DECIMALS as u32);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainOptions {
    /// A validator in this process.
    Embedded {
        /// Duration of a slot.
        slot_ms: u64,
        /// Port of the RPC; the websocket is on the next one. `None` selects free ports.
        port: Option<u16>,
    },
    /// A running validator with a faucet and the program.
    External { rpc_url: String, ws_url: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOptions {
    pub behaviour: Behaviour,
    /// Base units per unit.
    pub price: u64,
    /// Base units.
    pub stake: u64,
    /// Number of shards that the agent runs at the same time.
    pub capacity: u32,
    pub max_open_seats: u16,
    pub region: Option<String>,
    pub supplier: Option<String>,
    /// Whether the agent is started with the network.
    pub started: bool,
}

impl Default for ProviderOptions {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::Honest,
            price: 1,
            stake: 1_000 * TOKEN,
            capacity: 1,
            max_open_seats: 64,
            region: None,
            supplier: None,
            started: true,
        }
    }
}

pub struct Options {
    pub chain: ChainOptions,
    /// Authority of the network and of its mints. On an external chain with an upgradeable program it
    /// must be the upgrade authority. `None` uses the key in the data folder, or a new one.
    pub deployer: Option<Keypair>,
    pub providers: Vec<ProviderOptions>,
    /// Used if the network is not initialized yet.
    pub parameters: Parameters,
    /// Whether stake and payments use separate tokens.
    pub separate_mints: bool,
    /// Base units.
    pub client_tokens: u64,
    /// File of the on-chain program; `None` as in
    /// [`program_bytes`](crate::deploy::binary::program_bytes).
    pub program: Option<PathBuf>,
    /// Folder of keys and data, which is kept; `None` uses a temporary one.
    pub data: Option<PathBuf>,
    /// 0 selects a free port.
    pub orchestrator_port: u16,
    /// Time that a finished job stays on chain.
    pub close_after: Duration,
    /// Interval between two full reads of the chain.
    pub reread: Duration,
    /// Limits of the orchestrator's health.
    pub limits: Limits,
}

impl Options {
    /// The embedded validator with free ports and slots of 100 ms, and three honest providers.
    ///
    /// # Errors
    /// None in practice, see [`Parameters::localnet`].
    pub fn embedded() -> Result<Self, CliError> {
        Ok(Self {
            chain: ChainOptions::Embedded {
                slot_ms: 100,
                port: None,
            },
            deployer: None,
            providers: vec![ProviderOptions::default(); 3],
            parameters: Parameters::localnet()?,
            separate_mints: false,
            client_tokens: 10_000 * TOKEN,
            program: None,
            data: None,
            orchestrator_port: 0,
            close_after: Duration::from_secs(60),
            reread: Duration::from_secs(2),
            limits: Limits::default(),
        })
    }
}

/// `count` providers that each ask `price` tokens per unit: first the liars, then the silent ones, then
/// the honest ones.
///
/// # Errors
/// [`CliError::Usage`] if there are more liars and silent ones than providers, or the price is zero.
pub fn providers(
    count: u16,
    liars: u16,
    silent: u16,
    price: &str,
) -> Result<Vec<ProviderOptions>, CliError> {
    if u32::from(liars) + u32::from(silent) > u32::from(count) {
        return Err(CliError::Usage(format!(
            "{liars} liars and {silent} silent providers are more than {count} providers: raise --providers"
        )));
    }
    let price = parse_amount(price, DECIMALS)?;
    if price == 0 {
        return Err(CliError::Usage(format!(
            "--price must be at least {}",
            millrace_protocol::amount::format_amount(1, DECIMALS)
        )));
    }
    let behaviour = |at: u16| match at {
        at if at < liars => Behaviour::Liar,
        at if at < liars + silent => Behaviour::Silent,
        _ => Behaviour::Honest,
    };
    let provider = |at| ProviderOptions {
        behaviour: behaviour(at),
        price,
        ..ProviderOptions::default()
    };
    Ok((0..count).map(provider).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn providers_have_the_requested_behaviours() {
        let made = providers(4, 1, 2, "0.000003").unwrap();
        let kinds: Vec<Behaviour> = made.iter().map(|p| p.behaviour).collect();
        let expected = [
            Behaviour::Liar,
            Behaviour::Silent,
            Behaviour::Silent,
            Behaviour::Honest,
        ];
        assert_eq!(kinds, expected);
        assert_eq!(made[0].price, 3);
        assert!(providers(2, 2, 1, "1").is_err());
        assert!(providers(2, 0, 0, "0").is_err());
        assert!(providers(2, 0, 0, "0.0000001").is_err());
    }
}
