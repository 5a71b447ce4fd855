//! Parameters of a new network, read from a TOML file.

use crate::error::MigrationError;
use millrace_client::program::math::sortition::ADMIT_ALL;
use millrace_client::program::state::{NetworkParameters, RewardSchedule};
use millrace_protocol::amount::parse_amount;
use millrace_protocol::measure::parse_duration;
use serde::Deserialize;
use std::path::Path;

const LOCALNET: &str = include_str!("../localnet.toml");

/// Parameters as they are written in the file. Unknown fields are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Minimum stake of a provider, tokens as a decimal number.
    pub min_stake: String,
    /// Minimum bond of an orchestrator, tokens as a decimal number.
    pub min_bond: String,
    /// Stake that a seat locks, basis points of its maximum price.
    pub lock_bps: u64,
    /// Initial admission chance of sortition: chances in 2^64 per base unit of free stake. If missing,
    /// every provider is admitted at once.
    pub sortition_start: Option<u64>,
    /// Time between the request to unstake and the withdrawal: a duration such as `2 d`.
    pub unbonding: String,
    /// Minimum commit or reveal window: a duration in whole seconds.
    pub min_window: String,
    /// Maximum commit or reveal window: a duration in whole seconds.
    pub max_window: String,
    /// Time in which a seat may be declined: a duration in whole seconds.
    pub accept: String,
    /// Maximum time between posting and deadline: a duration in whole seconds.
    pub max_deadline: String,
    /// Maximum shards per job.
    pub max_shards: u32,
    /// Maximum seats per shard.
    pub max_replicas: u8,
    /// Protocol fee, basis points of the payments to providers.
    pub fee_bps: u16,
    /// Share of the locked stake that a wrong result loses, basis points.
    pub slash_bps: u16,
    /// Share of the locked stake that a late seat loses, basis points.
    pub late_bps: u16,
    /// Maximum rewards of an epoch, basis points of the fees that it took. If the mints differ, the exchange
    /// rate is part of this number.
    pub reward_bps: u64,
    /// Number of slots that the draw of an audit is spread over.
    pub draw_slots: u8,
    /// Duration of an epoch in whole seconds. Cannot be changed later.
    pub epoch: String,
    /// Rewards of the first epoch, tokens as a decimal number. Cannot be changed later.
    pub emission: String,
    /// Number of epochs after which the rewards halve. Cannot be changed later.
    pub halving_epochs: u32,
}

impl Parameters {
    /// The parameters of a local network.
    ///
    /// # Errors
    /// None in practice: the file is embedded and tested.
    pub fn localnet() -> Result<Self, MigrationError> {
        Self::parse(LOCALNET, "localnet.toml")
    }

    /// Reads a parameters file.
    ///
    /// # Errors
    /// [`MigrationError::Parameters`] with the file.
    pub fn load(path: &Path) -> Result<Self, MigrationError> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| MigrationError::Parameters {
            place: place.clone(),
            reason: error.to_string(),
        })?;
        Self::parse(&text, &place)
    }

    fn parse(text: &str, place: &str) -> Result<Self, MigrationError> {
        toml::from_str(text).map_err(|error| MigrationError::Parameters {
            place: place.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })
    }

    /// The parameters in the program's format, for a stake token with `decimals`. `single_mint` is whether
    /// payments use the same token.
    ///
    /// # Errors
    /// [`MigrationError::Parameters`] with the field that cannot be parsed, or if a value exceeds the
    /// program's bounds.
    pub fn on_chain(
        &self,
        decimals: u8,
        single_mint: bool,
    ) -> Result<NetworkParameters, MigrationError> {
        let parameters = NetworkParameters {
            min_stake: amount("min_stake", &self.min_stake, decimals)?,
            min_bond: amount("min_bond", &self.min_bond, decimals)?,
            lock_bps: self.lock_bps,
            sortition_start: self.sortition_start.unwrap_or(ADMIT_ALL),
            unbonding_secs: seconds("unbonding", &self.unbonding)?,
            min_window_secs: seconds("min_window", &self.min_window)?,
            max_window_secs: seconds("max_window", &self.max_window)?,
            accept_secs: seconds("accept", &self.accept)?,
            max_deadline_secs: seconds("max_deadline", &self.max_deadline)?,
            max_shards: self.max_shards,
            fee_bps: self.fee_bps,
            slash_bps: self.slash_bps,
            late_bps: self.late_bps,
            reward_bps: self.reward_bps,
            max_replicas: self.max_replicas,
            draw_slots: self.draw_slots,
        };
        parameters
            .validate(single_mint)
            .map_err(|error| out_of_bounds(error.to_string()))?;
        Ok(parameters)
    }

    /// The schedule of rewards in the program's format, for a stake token with `decimals`.
    ///
    /// # Errors
    /// Like [`Parameters::on_chain`].
    pub fn schedule(&self, decimals: u8) -> Result<RewardSchedule, MigrationError> {
        let schedule = RewardSchedule {
            epoch_secs: seconds("epoch", &self.epoch)?,
            emission: amount("emission", &self.emission, decimals)?,
            halving_epochs: self.halving_epochs,
        };
        schedule
            .validate()
            .map_err(|error| out_of_bounds(error.to_string()))?;
        Ok(schedule)
    }
}

fn amount(field: &str, text: &str, decimals: u8) -> Result<u64, MigrationError> {
    parse_amount(text, decimals).map_err(|error| invalid(field, error.to_string()))
}

fn seconds(field: &str, text: &str) -> Result<u32, MigrationError> {
    let duration = parse_duration(text).map_err(|error| invalid(field, error.to_string()))?;
    match u32::try_from(duration.as_secs()) {
        Ok(seconds) if duration.subsec_nanos() == 0 => Ok(seconds),
        _ => Err(invalid(
            field,
            format!("{text:?} is not a number of whole seconds below 136 years"),
        )),
    }
}

fn invalid(field: &str, reason: String) -> MigrationError {
    MigrationError::Parameters {
        place: format!("`{field}`"),
        reason,
    }
}

fn out_of_bounds(reason: String) -> MigrationError {
    MigrationError::Parameters {
        place: "the file".to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn local_parameters_are_within_the_programs_bounds() {
        let parameters = Parameters::localnet().unwrap().on_chain(6, true).unwrap();
        assert_eq!(parameters.min_stake, 100_000_000);
        assert_eq!(parameters.unbonding_secs, 172_800);
    }

    #[test]
    fn unknown_and_missing_fields_are_refused() {
        let unknown = format!("{LOCALNET}\nera = 1\n");
        let refused = Parameters::parse(&unknown, "x.toml")
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("x.toml") && refused.contains("era"),
            "{refused}"
        );
        let missing = LOCALNET.replace("fee_bps = 250", "");
        assert!(
            Parameters::parse(&missing, "x.toml")
                .unwrap_err()
                .to_string()
                .contains("fee_bps")
        );
    }

    #[test]
    fn value_outside_the_programs_bounds_is_refused() {
        let mut parameters = Parameters::localnet().unwrap();
        parameters.unbonding = "1 h".into();
        assert!(parameters.on_chain(6, true).is_err());
        parameters.unbonding = "1500 ms".into();
        let refused = parameters.on_chain(6, true).unwrap_err().to_string();
        assert!(refused.contains("unbonding"), "{refused}");
    }
}
