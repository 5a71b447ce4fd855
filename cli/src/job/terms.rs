//! Checks a manifest's terms against the bounds of a network, so that what the program would refuse is
//! reported before anything is sent.

use crate::error::CliError;
use millrace_client::program::state::{Mode, Network, Provider, first_round_secs};
use millrace_protocol::amount::{format_amount, parse_amount};
use millrace_protocol::manifest::{Terms, VerifyMode};

/// Window if the manifest does not set it, clamped to the network's bounds.
const DEFAULT_WINDOW_SECS: u32 = 30;

/// The windows of a job in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedWindows {
    pub commit_secs: u32,
    pub reveal_secs: u32,
    /// 0 if results cannot be challenged.
    pub challenge_secs: u32,
}

pub fn windows(terms: &Terms, network: &Network) -> Result<ResolvedWindows, CliError> {
    let (min, max) = (network.min_window_secs, network.max_window_secs);
    let window = |field: &'static str, wanted: Option<u64>| {
        let Some(wanted) = wanted else {
            return Ok(DEFAULT_WINDOW_SECS.clamp(min, max));
        };
        let found = u32::try_from(wanted).unwrap_or(u32::MAX);
        if (min..=max).contains(&found) {
            Ok(found)
        } else {
            Err(CliError::Window {
                field,
                found: wanted,
                min,
                max,
            })
        }
    };
    Ok(ResolvedWindows {
        commit_secs: window("commit", terms.windows.commit_secs)?,
        reveal_secs: window("reveal", terms.windows.reveal_secs)?,
        challenge_secs: match terms.mode {
            VerifyMode::Challenge => window("challenge", terms.windows.challenge_secs)?,
            VerifyMode::Quorum | VerifyMode::Audit => 0,
        },
    })
}

pub fn mode(mode: VerifyMode) -> Mode {
    match mode {
        VerifyMode::Quorum => Mode::Quorum,
        VerifyMode::Audit => Mode::Audit,
        VerifyMode::Challenge => Mode::Challenge,
    }
}

/// Checks shards, seats and deadline, and that the network is not paused.
pub fn check(
    terms: &Terms,
    shards: usize,
    windows: ResolvedWindows,
    network: &Network,
) -> Result<(), CliError> {
    if network.paused != 0 {
        return Err(CliError::Paused);
    }
    if u32::try_from(shards).map_or(true, |shards| shards > network.max_shards) {
        return Err(CliError::TooManyShards {
            found: shards,
            max: network.max_shards,
        });
    }
    if terms.max_replicas > network.max_replicas {
        return Err(CliError::TooManyReplicas {
            found: terms.max_replicas,
            max: network.max_replicas,
        });
    }
    let round = i64::from(windows.commit_secs) + i64::from(windows.reveal_secs);
    let first = first_round_secs(mode(terms.mode), round, windows.challenge_secs);
    let min = u64::try_from(first).unwrap_or(0);
    let max = network.max_deadline_secs;
    if terms.deadline_secs < min || terms.deadline_secs > u64::from(max) {
        return Err(CliError::Deadline {
            found: terms.deadline_secs,
            min,
            max,
        });
    }
    Ok(())
}

/// The price cap in base units, which must be at least the lowest asking price. Providers below the
/// minimum stake do not count.
pub fn price_cap(
    terms: &Terms,
    decimals: u8,
    network: &Network,
    providers: &[Provider],
) -> Result<u64, CliError> {
    let offer = parse_amount(&terms.max_price_per_unit, decimals)
        .map_err(|error| CliError::Price { error })?;
    if offer == 0 {
        return Err(CliError::PriceZero {
            minimum: format_amount(1, decimals),
        });
    }
    let staked = providers
        .iter()
        .filter(|provider| provider.active >= network.min_stake);
    let asks: Vec<u64> = staked.map(|provider| provider.ask_price).collect();
    match asks.iter().min() {
        Some(ask) if *ask > offer => Err(CliError::PriceBelowEveryAsk {
            providers: asks.len(),
            ask: format_amount(*ask, decimals),
            offer: format_amount(offer, decimals),
        }),
        _ => Ok(offer),
    }
}

/// Number of providers that meet the job's requirements, with enough stake, a price below the cap, and a maximum lock
/// that covers a seat.
pub fn eligible_providers(
    job: &millrace_client::program::state::Job,
    network: &Network,
    providers: &[Provider],
) -> usize {
    let fits = |provider: &&Provider| {
        provider.active >= network.min_stake
            && provider.ask_price <= job.price_cap
            && job.seat_lock <= provider.max_seat_lock
            && job.admits(provider)
    };
    providers.iter().filter(fits).count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytemuck::Zeroable;
    use millrace_client::tag::{tag, tag_text};
    use millrace_protocol::manifest::{JobWindows, ProviderRequirement};

    fn network() -> Network {
        Network {
            min_stake: 100,
            min_window_secs: 2,
            max_window_secs: 60,
            max_deadline_secs: 3_600,
            max_shards: 16,
            max_replicas: 3,
            ..Network::zeroed()
        }
    }

    fn terms() -> Terms {
        Terms {
            max_price_per_unit: "0.000002".into(),
            deadline_secs: 600,
            windows: JobWindows::default(),
            requirement: ProviderRequirement::default(),
            mode: VerifyMode::Quorum,
            audit_bps: 0,
            replicas: 3,
            quorum: 2,
            max_replicas: 3,
            max_units: 10,
        }
    }

    fn provider(active: u64, ask_price: u64) -> Provider {
        Provider {
            active,
            ask_price,
            ..Provider::zeroed()
        }
    }

    #[test]
    fn default_windows_are_clamped_to_the_networks_bounds() {
        let mut network = network();
        assert_eq!(
            windows(&terms(), &network).unwrap().commit_secs,
            DEFAULT_WINDOW_SECS
        );
        network.max_window_secs = 10;
        assert_eq!(windows(&terms(), &network).unwrap().reveal_secs, 10);
        let mut terms = terms();
        terms.windows.reveal_secs = Some(11);
        let refused = windows(&terms, &network).unwrap_err();
        assert!(matches!(
            refused,
            CliError::Window {
                field: "reveal",
                found: 11,
                ..
            }
        ));
    }

    #[test]
    fn terms_that_the_program_would_refuse_are_refused_by_name() {
        let network = network();
        let fits = ResolvedWindows {
            commit_secs: 30,
            reveal_secs: 30,
            challenge_secs: 0,
        };
        check(&terms(), 16, fits, &network).unwrap();
        let shards = check(&terms(), 17, fits, &network);
        assert!(matches!(
            shards,
            Err(CliError::TooManyShards { found: 17, max: 16 })
        ));
        let seats = Terms {
            max_replicas: 5,
            ..terms()
        };
        assert!(matches!(
            check(&seats, 1, fits, &network),
            Err(CliError::TooManyReplicas { .. })
        ));
        for deadline_secs in [59, 3_601] {
            let deadline = Terms {
                deadline_secs,
                ..terms()
            };
            assert!(matches!(
                check(&deadline, 1, fits, &network),
                Err(CliError::Deadline { .. })
            ));
        }
        let paused = Network {
            paused: 1,
            ..network
        };
        assert!(matches!(
            check(&terms(), 1, fits, &paused),
            Err(CliError::Paused)
        ));
    }

    #[test]
    fn price_below_every_ask_is_refused_with_the_cheapest_staked_provider() {
        let providers = [provider(100, 5), provider(100, 3), provider(99, 1)];
        let refused = price_cap(&terms(), 6, &network(), &providers)
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("cheapest of 2 providers asks 0.000003"),
            "{refused}"
        );
        assert!(refused.contains("you offer 0.000002"), "{refused}");
        assert_eq!(price_cap(&terms(), 6, &network(), &[]).unwrap(), 2);
        let free = Terms {
            max_price_per_unit: "0".into(),
            ..terms()
        };
        assert!(matches!(
            price_cap(&free, 6, &network(), &[]),
            Err(CliError::PriceZero { .. })
        ));
    }

    #[test]
    fn tag_reads_back_as_its_text() {
        assert_eq!(tag_text(&tag(Some("eu-west"))), "eu-west");
        assert_eq!(tag(None), [0; 16]);
    }
}
