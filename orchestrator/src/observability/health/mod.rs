//! Health of the orchestrator: each problem by name, with its section of the runbook.

mod evaluate;
mod runway;

pub(crate) use evaluate::{HealthInputs, PLAN_TIMEOUT, evaluate};
pub(crate) use runway::{Runway, Spending};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// The manual's page with the runbook.
const MANUAL: &str = "docs/operating.md";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Shutting down; no new work is accepted.
    Stopping,
    /// The planning loop is stuck.
    NotPlanning,
    /// No RPC endpoint answers.
    EndpointsDown,
    /// Reads of the chain are overdue.
    NotReading,
    /// The cache is behind the chain.
    SlotLag,
    /// Reads of the history are overdue.
    HistoryOld,
    /// This machine's clock and the chain's differ.
    ClockSkew,
    /// The payer is short of lamports.
    PayerLow,
    /// Writes to the store fail.
    StoreNotWritable,
    /// Leases on the shared store cannot be renewed.
    LeasesLost,
    /// Jobs wait, and no connected agent accepts work.
    NoAgents,
    /// A vault holds less than the accounts record.
    TokensMissing,
}

pub(crate) const KINDS: [Kind; 12] = [
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
    /// Name in responses and metrics.
    pub(crate) fn name(self) -> &'static str {
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

    /// Advice, in one sentence.
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
            Self::TokensMissing => {
                "pause the network, and find out which transfers moved the tokens"
            }
        }
    }

    /// Advice, with the runbook's heading.
    pub(crate) fn remedy(self) -> String {
        let heading = self.name().replace('_', "-");
        format!("{}: see {MANUAL}#{heading}", self.advice())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub kind: Kind,
    /// The problem, with figures.
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

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Health {
    /// ok or degraded.
    pub status: &'static str,
    /// Empty if healthy.
    pub problems: Vec<Problem>,
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
    /// Jobs with shards that cannot be placed.
    pub waiting_jobs: usize,
    /// Leases held, if several orchestrators share the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leases: Option<usize>,
    /// The name under which the leases are held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// Lamports of the key that pays fees and rent.
    pub payer_lamports: u64,
    /// How long these lamports last.
    pub payer_lasts: Option<Runway>,
}

impl Health {
    pub(crate) fn is_well(&self) -> bool {
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
