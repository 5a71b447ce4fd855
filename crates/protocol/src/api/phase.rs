//! How far a job, a shard and a seat have come, as the API reports it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Phase of a job.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum JobPhase {
    /// Shards can be assigned to providers.
    Open,
    /// Cancelled by the client: no more shards are assigned, assigned ones still finish.
    Cancelled,
    /// The deadline has passed.
    Expired,
    /// Every shard is settled, failed or cancelled.
    Finished,
    /// The account is closed and its deposit is returned.
    Closed,
    /// A phase of a newer version.
    #[default]
    #[serde(other)]
    Unknown,
}

impl JobPhase {
    /// The name in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Finished => "finished",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// Phase of a shard.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ShardPhase {
    /// No provider has a seat.
    Waiting,
    /// Providers have seats and run the shard.
    Assigned,
    /// Commitments are closed; results are being revealed.
    Revealing,
    /// A result is agreed on and its providers are paid.
    Settled,
    /// No attempt can bring a result any more.
    Failed,
    /// A phase of a newer version.
    #[default]
    #[serde(other)]
    Unknown,
}

impl ShardPhase {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Assigned => "assigned",
            Self::Revealing => "revealing",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether providers have seats and the shard has no result yet.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Assigned | Self::Revealing)
    }
}

/// Phase of a seat.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SeatPhase {
    /// The provider runs the shard.
    #[serde(alias = "working")]
    Assigned,
    /// The provider's commitment is on chain.
    Committed,
    /// The provider's result is on chain.
    Revealed,
    /// The result is the agreed one.
    #[serde(alias = "right")]
    Agreed,
    /// The result differs from the agreed one.
    #[serde(alias = "wrong")]
    Disagreed,
    /// The provider missed a window.
    Late,
    /// The seat ended without payment or penalty.
    Released,
    /// A phase of a newer version.
    #[default]
    #[serde(other)]
    Unknown,
}

impl SeatPhase {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Committed => "committed",
            Self::Revealed => "revealed",
            Self::Agreed => "agreed",
            Self::Disagreed => "disagreed",
            Self::Late => "late",
            Self::Released => "released",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for JobPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ShardPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for SeatPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{from_str, to_string};

    #[test]
    fn json_names_are_the_display_names() {
        for phase in [
            JobPhase::Open,
            JobPhase::Cancelled,
            JobPhase::Expired,
            JobPhase::Finished,
            JobPhase::Closed,
            JobPhase::Unknown,
        ] {
            assert_eq!(to_string(&phase).unwrap(), format!("\"{phase}\""));
        }
        for phase in [
            ShardPhase::Waiting,
            ShardPhase::Assigned,
            ShardPhase::Revealing,
            ShardPhase::Settled,
            ShardPhase::Failed,
            ShardPhase::Unknown,
        ] {
            assert_eq!(to_string(&phase).unwrap(), format!("\"{phase}\""));
        }
        for phase in [
            SeatPhase::Assigned,
            SeatPhase::Committed,
            SeatPhase::Revealed,
            SeatPhase::Agreed,
            SeatPhase::Disagreed,
            SeatPhase::Late,
            SeatPhase::Released,
            SeatPhase::Unknown,
        ] {
            assert_eq!(to_string(&phase).unwrap(), format!("\"{phase}\""));
        }
    }

    #[test]
    fn unknown_phases_are_read_as_unknown() {
        assert_eq!(
            from_str::<JobPhase>("\"paused\"").unwrap(),
            JobPhase::Unknown
        );
        assert_eq!(from_str::<ShardPhase>("\"\"").unwrap(), ShardPhase::Unknown);
        assert_eq!(
            from_str::<SeatPhase>("\"new\"").unwrap(),
            SeatPhase::Unknown
        );
    }
}
