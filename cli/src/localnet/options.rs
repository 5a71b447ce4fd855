//! What a local network is started with.

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

/// The chain below a local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainOptions {
    /// A validator in this process.
    Embedded {
        /// Length of a slot, milliseconds.
        slot_ms: u64,
        /// Port of the RPC, the websocket one above it; `None` takes free ones.
        port: Option<u16>,
    },
    /// A validator that runs already, with a faucet and with the program loaded.
    External {
        /// HTTP address of its RPC.
        rpc_url: String,
        /// Websocket address of its RPC.
        ws_url: String,
    },
}

/// A provider of a local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOptions {
    /// How its agent behaves.
    pub behaviour: Behaviour,
    /// Asking price, base units per unit.
    pub price: u64,
    /// Stake, base units.
    pub stake: u64,
    /// Shards that its agent runs at the same time.
    pub capacity: u32,
    /// Seats that it takes at a time.
    pub max_open_seats: u16,
    /// Region tag.
    pub region: Option<String>,
    /// Supplier tag.
    pub supplier: Option<String>,
    /// Whether its agent is started with the network.
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

/// A local network.
pub struct Options {
    /// The chain.
    pub chain: ChainOptions,
    /// The network's authority, which also may mint. On an external chain with an upgradeable program
    /// it has to be its upgrade authority. `None` takes the key in the data folder, or a new one.
    pub deployer: Option<Keypair>,
    /// The providers.
    pub providers: Vec<ProviderOptions>,
    /// Parameters of the network, where it is not initialized yet.
    pub parameters: Parameters,
    /// Stake and payments are two tokens, not one.
    pub separate_mints: bool,
    /// The client's tokens, base units.
    pub client_tokens: u64,
    /// The on-chain program's file; `None` takes the one in this binary or in the environment.
    pub program: Option<PathBuf>,
    /// Folder of keys and data, which stays; `None` takes a new one that is removed at the end.
    pub data: Option<PathBuf>,
    /// Port of the orchestrator; 0 takes a free one.
    pub orchestrator_port: u16,
    /// How long a finished job stays on chain.
    pub close_after: Duration,
    /// Time between two full reads of the chain.
    pub reread: Duration,
    /// What the orchestrator's health still finds well.
    pub limits: Limits,
}

impl Options {
    /// A network on the embedded validator, with free ports, slots of 100 ms and three honest
    /// providers.
    ///
    /// # Errors
    /// None in practice: see [`Parameters::localnet`].
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

/// Providers by number and kind: the liars first, then the silent ones, then the honest ones, each
/// asking `price` (tokens per unit).
///
/// # Errors
/// [`CliError::Usage`] where there are more of a kind than providers, and for a price of zero.
pub fn providers(
    count: u16,
    liars: u16,
    silent: u16,
    price: &str,
) -> Result<Vec<ProviderOptions>, CliError> {
    if u32::from(liars) + u32::from(silent) > u32::from(count) {
        return Err(CliError::Usage(format!(
            "of {count} providers, {liars} can't lie and {silent} be silent: raise --providers"
        )));
    }
    let price = parse_amount(price, DECIMALS)?;
    if price == 0 {
        return Err(CliError::Usage(format!(
            "--price is zero: the least is {}",
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
    fn providers_are_of_the_kinds_asked_for() {
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
