//! Why jobs are waiting for seats.

use super::availability::Availabilities;
use super::eligibility::Rules;
use super::eligibility_index::{EligibilityIndex, IneligibleCounts};
use super::snapshot::Snapshot;
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, JobState, Network};
use millrace_protocol::selection::Ineligible;
use std::fmt;

/// Why a job cannot be assigned, whatever the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobBlocker {
    /// The network's account has not been read yet.
    NetworkUnread,
    /// The manifest or an input is missing.
    NotUploaded,
    /// No round of work fits before the deadline.
    TooLate,
    /// The network is paused.
    Paused,
    /// The job's seed has not been taken from the chain yet.
    NoSeed,
}

impl JobBlocker {
    /// In the order in which they are checked.
    pub(crate) const ALL: [Self; 5] = [
        Self::NetworkUnread,
        Self::NotUploaded,
        Self::TooLate,
        Self::Paused,
        Self::NoSeed,
    ];

    /// The name in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NetworkUnread => "network_unread",
            Self::NotUploaded => "not_uploaded",
            Self::TooLate => "too_late",
            Self::Paused => "paused",
            Self::NoSeed => "no_seed",
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::NetworkUnread => "the network has not been read yet",
            Self::NotUploaded => {
                "its manifest or inputs have not been uploaded to this orchestrator"
            }
            Self::TooLate => "no round of work fits before its deadline any more",
            Self::Paused => "the network is paused",
            Self::NoSeed => "its seed has not been taken from the chain yet",
        }
    }
}

/// Why a job is waiting for seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PendingReason {
    Blocked(JobBlocker),
    TooFewProviders {
        /// Seats of a new shard.
        needed: usize,
        /// All providers.
        providers: usize,
        /// Why some of them cannot take a seat.
        ineligible: IneligibleCounts,
    },
}

impl PendingReason {
    /// The names of all reasons, for metrics.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let blockers = JobBlocker::ALL.into_iter().map(JobBlocker::as_str);
        blockers.chain(Ineligible::ALL.into_iter().map(Ineligible::as_str))
    }

    /// Calls `each` with the names of the reasons that apply.
    pub(crate) fn for_each_name(&self, mut each: impl FnMut(&'static str)) {
        match self {
            Self::Blocked(blocker) => each(blocker.as_str()),
            Self::TooFewProviders { ineligible, .. } => {
                ineligible
                    .iter()
                    .for_each(|(reason, _)| each(reason.as_str()));
            }
        }
    }
}

impl fmt::Display for PendingReason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Blocked(blocker) => f.write_str(blocker.description()),
            Self::TooFewProviders {
                needed,
                providers,
                ineligible,
            } => {
                let free = providers - ineligible.total();
                write!(f, "{free} of {providers} providers free, {needed} needed")?;
                let mut reasons = ineligible.iter();
                reasons
                    .try_for_each(|(reason, count)| write!(f, ", {count} {}", reason.description()))
            }
        }
    }
}

/// Finds the reasons of any number of jobs in one snapshot.
pub(crate) struct PendingReasons<'a> {
    snapshot: &'a Snapshot<'a>,
    /// `None` until the network's account has been read.
    state: Option<State<'a>>,
}

struct State<'a> {
    network: &'a Network,
    rules: Rules<'a>,
    index: EligibilityIndex<'a>,
}

impl<'a> PendingReasons<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot<'a>) -> Self {
        let network = snapshot.cache.network();
        let state = network.map(|network| State {
            network,
            rules: Rules::new(snapshot, network),
            index: EligibilityIndex::new(snapshot.cache.providers(), Availabilities::new(snapshot)),
        });
        Self { snapshot, state }
    }

    /// Why shards of a job have no seats yet, in words; empty if none is waiting.
    pub(crate) fn messages(&self, address: Pubkey, job: &Job) -> Vec<String> {
        let reason = self.reason(address, job);
        reason.iter().map(PendingReason::to_string).collect()
    }

    /// Why shards of a job have no seats yet; `None` if none is waiting.
    pub(crate) fn reason(&self, address: Pubkey, job: &Job) -> Option<PendingReason> {
        let Some(state) = &self.state else {
            return Some(PendingReason::Blocked(JobBlocker::NetworkUnread));
        };
        if job.state() != Some(JobState::Open) || job.unassigned() == 0 {
            return None;
        }
        if let Some(blocker) = self.blocker(state, job) {
            return Some(PendingReason::Blocked(blocker));
        }
        let needed = usize::from(job.replicas);
        let ineligible = state.index.blockers(&state.rules, address, job, needed)?;
        Some(PendingReason::TooFewProviders {
            needed,
            providers: self.snapshot.cache.providers().len(),
            ineligible,
        })
    }

    fn blocker(&self, state: &State, job: &Job) -> Option<JobBlocker> {
        let ready = &self.snapshot.submissions.ready_manifests;
        if !ready.contains(&job.manifest) {
            Some(JobBlocker::NotUploaded)
        } else if !job.first_round_fits(self.snapshot.now) {
            Some(JobBlocker::TooLate)
        } else if state.network.paused != 0 {
            Some(JobBlocker::Paused)
        } else if state.rules.needs_seed(job) {
            Some(JobBlocker::NoSeed)
        } else {
            None
        }
    }
}
