//! Whether it is well, honestly: what is wrong by name, and where the manual says what to do.

mod evaluate;
mod runway;

pub use evaluate::{HealthInputs, PLAN_TIMEOUT, evaluate};
pub use runway::{Runway, Spending};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The manual's page with the runbook.
const MANUAL: &str = "docs/operating.md";

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It ends, and takes nothing new.
    Stopping,
    /// No plan was made lately.
    NotPlanning,
    /// No endpoint answers.
    EndpointsDown,
    /// Nothing was read from the chain lately.
    NotReading,
    /// What was read lies behind the chain.
    SlotLag,
    /// The history was not read lately.
    HistoryOld,
    /// This machine's clock and the chain's differ.
    ClockSkew,
    /// The key has few lamports.
    PayerLow,
    /// The store takes no writes.
    StoreNotWritable,
    /// Leases on the shared store could not be renewed lately.
    LeasesLost,
    /// Jobs wait and no agent takes work.
    NoAgents,
    /// A vault holds less than its book says.
    TokensMissing,
}

/// All of them.
pub const KINDS: [Kind; 12] = [
    Kind::Stopping,
    Kind::NotPlanning,
    Kind::EndpointsDown,
    Kind::NotReading,
    Kind::SlotLag,
    Kind::HistoryOld,
    Kind::ClockSkew,
    Kind::PayerLow,
    Kind::StoreNotWritable,
    Kind::LeasesLost,
    Kind::NoAgents,
    Kind::TokensMissing,
];

impl Kind {
    /// Its name in answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopping => "stopping",
            Self::NotPlanning => "not_planning",
            Self::EndpointsDown => "endpoints_down",
            Self::NotReading => "not_reading",
            Self::SlotLag => "slot_lag",
            Self::HistoryOld => "history_old",
            Self::ClockSkew => "clock_skew",
            Self::PayerLow => "payer_low",
            Self::StoreNotWritable => "store_not_writable",
            Self::LeasesLost => "leases_lost",
            Self::NoAgents => "no_agents",
            Self::TokensMissing => "tokens_missing",
        }
    }

    /// What to do, in a sentence.
    fn advice(self) -> &'static str {
        match self {
            Self::Stopping => "wait for its end, and start it again",
            Self::NotPlanning => "look at the log, then restart it",
            Self::EndpointsDown => "check the endpoints and the network between; name a second one",
            Self::NotReading => "check the endpoints: they answer too late or with errors",
            Self::SlotLag => "put another endpoint first: this one lags behind the cluster",
            Self::HistoryOld => "check that the endpoint keeps signatures; jobs go on meanwhile",
            Self::ClockSkew => {
                "set this machine's clock by NTP; if it is right, the cluster is slow"
            }
            Self::PayerLow => "send SOL to the key",
            Self::StoreNotWritable => "make room on the disk, or bring the database back",
            Self::LeasesLost => "bring the database back; it takes leases again by itself",
            Self::NoAgents => "look why no provider is connected",
            Self::TokensMissing => "pause the network, and find out where tokens went",
        }
    }

    /// What to do, with the runbook's heading.
    pub fn remedy(self) -> String {
        let heading = self.name().replace('_', "-");
        format!("{}: see {MANUAL}#{heading}", self.advice())
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind.
    pub kind: Kind,
    /// What it is, with figures.
    pub message: String,
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut problem = serializer.serialize_struct("Problem", 3)?;
        problem.serialize_field("name", self.kind.name())?;
        problem.serialize_field("message", &self.message)?;
        problem.serialize_field("do", &self.kind.remedy())?;
        problem.end()
    }
}

/// Its health, for people and probes.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// ok or degraded.
    pub status: &'static str,
    /// What is wrong, where something is.
    pub problems: Vec<Problem>,
    /// Version of the software.
    pub version: &'static str,
    /// Id of the network.
    pub network_id: String,
    /// Genesis of the cluster.
    pub genesis: String,
    /// The orchestrator's key.
    pub key: String,
    /// Newest slot seen.
    pub slot: u64,
    /// Connected agents.
    pub agents: usize,
    /// Jobs on chain.
    pub jobs: usize,
    /// Jobs that wait.
    pub waiting_jobs: usize,
    /// Leases held, where several orchestrators share the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leases: Option<usize>,
    /// The name under which they are held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// Lamports of the key, which pays fees and rent.
    pub payer_lamports: u64,
    /// What these lamports are good for.
    pub payer_lasts: Option<Runway>,
}

impl Health {
    /// Whether it does its work.
    pub fn is_well(&self) -> bool {
        self.problems.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_has_a_heading_in_the_runbook() {
        let manual = include_str!("../../../../docs/operating.md");
        for kind in KINDS {
            // A heading's anchor is its text in small letters with dashes.
            let heading = kind.name().replace('_', " ");
            let there = manual.lines().any(|line| {
                line.strip_prefix("### ")
                    .is_some_and(|text| text.to_lowercase() == heading)
            });
            assert!(there, "docs/operating.md has no heading «### {heading}»");
        }
    }
}
