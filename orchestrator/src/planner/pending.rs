//! Why a job waits, by name.

use super::eligibility::{Counts, check};
use super::eligibility_index::EligibilityIndex;
use super::matcher::Matcher;
use super::snapshot::Snapshot;
use bytemuck::Zeroable;
use millrace_client::Pubkey;
use millrace_client::program::math::money;
use millrace_client::program::state::{Job, JobState, Network, Provider};
use millrace_client::tag::tag;
use millrace_protocol::api::QuoteRequest;
use millrace_protocol::selection::Ineligible;
use std::collections::BTreeMap;
use std::fmt;

const NOT_READ: &str = "the network has not been read yet";
const PAUSED: &str = "the network is paused";

/// Names of all reasons, for metrics.
pub const REASONS: [&str; 13] = [
    "network_unread",
    "not_uploaded",
    "too_late",
    "paused",
    "no_seed",
    "requirement_not_met",
    "price_above_cap",
    "under_staked",
    "stake_locked",
    "agent_offline",
    "at_capacity",
    "already_tried",
    "not_admitted",
];

/// Why a job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingReason {
    /// For one reason, by name and in words.
    For(&'static str, &'static str),
    /// Because too few providers are free.
    TooFew {
        /// Seats of a shard.
        needed: usize,
        /// All providers.
        providers: usize,
        /// What keeps how many of them away.
        kept_away: Counts,
    },
}

impl PendingReason {
    /// Calls `each` with the names of the reasons, out of [`REASONS`].
    pub fn reasons(&self, mut each: impl FnMut(&'static str)) {
        match self {
            Self::For(name, _) => each(name),
            Self::TooFew { kept_away, .. } => {
                kept_away.iter().for_each(|(found, _)| each(found.as_str()));
            }
        }
    }
}

/// For people.
impl fmt::Display for PendingReason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::For(_, words) => f.write_str(words),
            Self::TooFew {
                needed,
                providers,
                kept_away,
            } => {
                let free = providers - kept_away.sum();
                write!(f, "{free} of {providers} providers free, {needed} needed")?;
                let mut kept_away = kept_away.iter();
                kept_away
                    .try_for_each(|(found, count)| write!(f, ", {count} {}", found.description()))
            }
        }
    }
}

/// Says of jobs why they wait.
pub struct PendingReasons<'a> {
    snapshot: &'a Snapshot<'a>,
    view: Option<View<'a>>,
}

/// What there is to look at once the network has been read.
struct View<'a> {
    network: &'a Network,
    matcher: Matcher<'a>,
    index: EligibilityIndex<'a>,
}

impl<'a> PendingReasons<'a> {
    /// Looks at the snapshot once, for any number of jobs.
    pub fn new(snapshot: &'a Snapshot<'a>) -> Self {
        let network = snapshot.cache.network();
        let view = network.map(|network| {
            let matcher = Matcher::new(snapshot, network);
            let index = EligibilityIndex::new(snapshot.cache.providers(), &matcher);
            View {
                network,
                matcher,
                index,
            }
        });
        Self { snapshot, view }
    }

    /// Reasons why shards of a job have no seats yet, in words; empty where nothing waits.
    pub fn messages(&self, address: Pubkey, job: &Job) -> Vec<String> {
        let wait = self.reason(address, job);
        wait.into_iter().map(|wait| wait.to_string()).collect()
    }

    /// Why shards of a job have no seats yet; `None` where nothing waits.
    pub fn reason(&self, address: Pubkey, job: &Job) -> Option<PendingReason> {
        let Some(View {
            network,
            matcher,
            index,
        }) = &self.view
        else {
            return Some(PendingReason::For("network_unread", NOT_READ));
        };
        if job.state() != Some(JobState::Open) || job.unassigned() == 0 {
            return None;
        }
        let (name, words) = if !self
            .snapshot
            .submissions
            .ready_manifests
            .contains(&job.manifest)
        {
            (
                "not_uploaded",
                "its manifest or inputs have not been uploaded to this orchestrator",
            )
        } else if !job.first_round_fits(self.snapshot.now) {
            (
                "too_late",
                "no whole round of work fits before its deadline any more",
            )
        } else if network.paused != 0 {
            ("paused", PAUSED)
        } else if matcher.needs_seed(job) {
            ("no_seed", "its seed has not been taken from the chain yet")
        } else {
            let needed = usize::from(job.replicas);
            let kept_away = index.ineligible_counts(matcher, (address, job), needed)?;
            return Some(PendingReason::TooFew {
                needed,
                providers: self.snapshot.cache.providers().len(),
                kept_away,
            });
        };
        Some(PendingReason::For(name, words))
    }
}

/// Why a job of these terms, which nobody has posted yet, could not be placed now; empty where it could.
/// That sortition would let some providers in only after some slots is no reason.
pub fn placement_blockers(snapshot: &Snapshot, terms: &QuoteRequest) -> Vec<String> {
    let Some(network) = snapshot.cache.network() else {
        return vec![NOT_READ.to_owned()];
    };
    if network.paused != 0 {
        return vec![PAUSED.to_owned()];
    }
    let Some(job) = not_posted(terms, network) else {
        return vec!["the highest price of a seat is too large to be counted".to_owned()];
    };
    let matcher = Matcher::new(snapshot, network);
    let providers = snapshot.cache.providers();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for candidate in providers {
        let said = match check(&matcher, (Pubkey::default(), &job), candidate) {
            None | Some(Ineligible::NotAdmitted) => continue,
            Some(Ineligible::RequirementNotMet) => unmet(&job, candidate.1),
            Some(other) => other.description(),
        };
        *counts.entry(said).or_default() += 1;
    }
    let free = providers.len() - counts.values().sum::<usize>();
    let needed = usize::from(job.replicas);
    if free >= needed {
        return Vec::new();
    }
    let each: Vec<String> = counts
        .iter()
        .map(|(said, count)| format!("{count} {said}"))
        .collect();
    let of_them = match each.is_empty() {
        true => String::new(),
        false => format!(": {}", each.join(", ")),
    };
    let all = providers.len();
    vec![format!(
        "{all} providers{of_them}; {free} free, {needed} needed"
    )]
}

/// The job that these terms would make, as far as matching looks at it; `None` where a price does not
/// fit 64 bits.
fn not_posted(terms: &QuoteRequest, network: &Network) -> Option<Job> {
    let highest = money::mul(terms.price_cap, terms.max_units).ok()?;
    Some(Job {
        price_cap: terms.price_cap,
        max_units: terms.max_units,
        seat_lock: money::share(highest, network.lock_bps).ok()?,
        shards: 1,
        replicas: terms.replicas,
        supplier: tag(Some(&terms.supplier)),
        region: tag(Some(&terms.region)),
        min_score: terms.min_score,
        min_memory_mb: terms.min_memory_mb,
        min_cores: terms.min_cores,
        ..Job::zeroed()
    })
}

/// Which part of the requirement a provider does not meet.
fn unmet(job: &Job, provider: &Provider) -> &'static str {
    if provider.score < job.min_score {
        "under the score"
    } else if provider.memory_mb < job.min_memory_mb {
        "with too little memory"
    } else if provider.cores < job.min_cores {
        "with too few cores"
    } else if job.region != [0; 16] && job.region != provider.region {
        "in another region"
    } else {
        "of another supplier"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_protocol::selection::Ineligible;

    #[test]
    fn every_obstacle_is_counted_among_the_reasons() {
        for reason in Ineligible::ALL {
            assert!(REASONS.contains(&reason.as_str()), "{reason:?}");
        }
    }
}
