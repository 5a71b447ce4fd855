//! Options of a local network.

use crate::error::CliError;
use crate::tokens::mints::DECIMALS;
use millrace_migrations::Parameters;
use millrace_orchestrator::HealthLimits;
use millrace_protocol::amount::parse_amount;
use millrace_provider::FaultMode;
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
    /// The deliberate fault of its agent.
    pub fault: Option<FaultMode>,
    /// Asking price, base units per unit.
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
            fault: None,
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
    pub full_read_interval: Duration,
    pub health_limits: HealthLimits,
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
            full_read_interval: Duration::from_secs(2),
            health_limits: HealthLimits::default(),
        })
    }
}

/// How many providers have which fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub wrong_result: u16,
    pub no_commit: u16,
}

/// `count` providers, each asking `price` (tokens per unit). The faulty ones come first.
///
/// # Errors
/// [`CliError::Usage`] if more providers are faulty than there are, if this build has no fault modes,
/// or if the price is zero.
pub fn providers(
    count: u16,
    faults: Faults,
    price: &str,
) -> Result<Vec<ProviderOptions>, CliError> {
    let Faults {
        wrong_result,
        no_commit,
    } = faults;
    let faulty = usize::from(wrong_result) + usize::from(no_commit);
    if faulty > usize::from(count) {
        return Err(CliError::Usage(format!(
            "{faulty} of {count} providers cannot be faulty; raise --providers"
        )));
    }
    let price = parse_amount(price, DECIMALS)?;
    if price == 0 {
        return Err(CliError::Usage(format!(
            "--price is zero; the minimum is {}",
            millrace_protocol::amount::format_amount(1, DECIMALS)
        )));
    }
    let mut modes = Vec::with_capacity(faulty);
    for (name, number) in [("wrong-result", wrong_result), ("no-commit", no_commit)] {
        for _ in 0..number {
            modes.push(name.parse::<FaultMode>().map_err(CliError::Usage)?);
        }
    }
    let provider = |at: u16| ProviderOptions {
        fault: modes.get(usize::from(at)).copied(),
        price,
        ..ProviderOptions::default()
    };
    Ok((0..count).map(provider).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn faults(wrong_result: u16, no_commit: u16) -> Faults {
        Faults {
            wrong_result,
            no_commit,
        }
    }

    #[cfg(feature = "faults")]
    #[test]
    fn faulty_providers_come_first() {
        let made = providers(4, faults(1, 2), "0.000003").unwrap();
        let modes: Vec<Option<FaultMode>> = made.iter().map(|p| p.fault).collect();
        let expected = [
            Some(FaultMode::WrongResult),
            Some(FaultMode::NoCommit),
            Some(FaultMode::NoCommit),
            None,
        ];
        assert_eq!(modes, expected);
        assert_eq!(made[0].price, 3);
    }

    #[cfg(not(feature = "faults"))]
    #[test]
    fn a_build_without_the_feature_refuses_faulty_providers() {
        let refused = providers(4, faults(1, 0), "0.000003").unwrap_err();
        assert!(refused.to_string().contains("--features faults"));
    }

    #[test]
    fn impossible_numbers_and_prices_are_refused() {
        assert!(providers(2, faults(2, 1), "1").is_err());
        assert!(providers(2, faults(0, 0), "0").is_err());
        assert!(providers(2, faults(0, 0), "0.0000001").is_err());
    }
}
