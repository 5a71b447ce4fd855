//! Whether a job that is not posted yet could be placed.

use super::availability::Availabilities;
use super::eligibility::{Applicant, Rules, SeatRequest, Sortition, check};
use super::pending::JobBlocker;
use super::snapshot::Snapshot;
use bytemuck::Zeroable;
use millrace_client::Pubkey;
use millrace_client::program::math::money;
use millrace_client::program::state::{Job, Network, Provider};
use millrace_client::tag::tag;
use millrace_protocol::api::QuoteRequest;
use millrace_protocol::selection::Ineligible;
use std::collections::BTreeMap;

/// Why a job with these terms could not be placed now; empty if it could. Sortition does not count, because
/// it admits every provider in time.
pub(crate) fn placement_blockers(snapshot: &Snapshot, terms: &QuoteRequest) -> Vec<String> {
    let Some(network) = snapshot.cache.network() else {
        return vec![JobBlocker::NetworkUnread.description().to_owned()];
    };
    if network.paused != 0 {
        return vec![JobBlocker::Paused.description().to_owned()];
    }
    let Some(job) = job_of(terms, network) else {
        return vec!["the highest cost of a seat does not fit 64 bits".to_owned()];
    };
    let rules = Rules::new(snapshot, network);
    let availabilities = Availabilities::new(snapshot);
    let request = SeatRequest::any_shard(Pubkey::default(), &job);
    let providers = snapshot.cache.providers();
    let mut ineligible: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, account) in providers {
        let applicant = Applicant {
            key,
            account,
            availability: availabilities.of(key),
        };
        let description = match check(&rules, &request, &applicant, Sortition::Ignore) {
            Ok(()) => continue,
            Err(Ineligible::ProviderNotEligible) => unmet_requirement(&job, account),
            Err(reason) => reason.description(),
        };
        *ineligible.entry(description).or_default() += 1;
    }
    let free = providers.len() - ineligible.values().sum::<usize>();
    let needed = usize::from(job.replicas);
    if free >= needed {
        return Vec::new();
    }
    let reasons: Vec<String> = ineligible
        .iter()
        .map(|(description, count)| format!("{count} {description}"))
        .collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join(", "))
    };
    let all = providers.len();
    vec![format!(
        "{all} providers{reasons}; {free} free, {needed} needed"
    )]
}

/// The job that these terms would make, as far as eligibility depends on it; `None` if a price does not fit
/// 64 bits.
fn job_of(terms: &QuoteRequest, network: &Network) -> Option<Job> {
    let max_cost = money::mul(terms.price_cap, terms.max_units).ok()?;
    Some(Job {
        price_cap: terms.price_cap,
        max_units: terms.max_units,
        seat_lock: money::share(max_cost, network.lock_bps).ok()?,
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
fn unmet_requirement(job: &Job, provider: &Provider) -> &'static str {
    if provider.score < job.min_score {
        "below the score"
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
