//! Why a job waits, by name.

use super::Situation;
use super::matching::{Bench, Door, Obstacle};
use millrace_chain::Pubkey;
use millrace_chain::program::state::{Job, JobState};
use std::collections::BTreeMap;

/// Reasons why shards of a job have no seats yet; empty where nothing waits.
pub fn why_waiting(situation: &Situation, address: Pubkey, job: &Job) -> Vec<String> {
    let Some(network) = situation.picture.network() else {
        return vec!["the network has not been read yet".to_owned()];
    };
    if job.state() != Some(JobState::Open) || job.unassigned() == 0 {
        return Vec::new();
    }
    if !situation.papers.ready.contains(&job.manifest) {
        return vec![
            "its manifest or inputs have not been uploaded to this orchestrator".to_owned(),
        ];
    }
    if !job.round_fits(situation.now) {
        return vec!["no whole round of work fits before its deadline any more".to_owned()];
    }
    if network.paused != 0 {
        return vec!["the network is paused".to_owned()];
    }
    let bench = Bench::new(situation, network);
    if bench.needs_seed(job) {
        return vec!["its seed has not been taken from the chain yet".to_owned()];
    }
    let providers = situation.picture.providers();
    let mut counts: BTreeMap<Obstacle, usize> = BTreeMap::new();
    let door = Door::new_shard(job, u32::MAX);
    for candidate in providers.iter() {
        // Shard numbers past the last have no history: what stands in the way of any shard.
        if let Some(obstacle) = bench.obstacle((address, job), door, candidate, &[]) {
            *counts.entry(obstacle).or_default() += 1;
        }
    }
    let free = providers.len() - counts.values().sum::<usize>();
    if free >= usize::from(job.replicas) {
        return Vec::new();
    }
    let mut said = format!(
        "{} of {} providers free, {} needed",
        free,
        providers.len(),
        job.replicas
    );
    for (obstacle, count) in counts {
        said.push_str(&format!(", {count} {}", words(obstacle)));
    }
    vec![said]
}

fn words(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NotEligible => "not meeting the requirement",
        Obstacle::TooDear => "asking more than the job pays",
        Obstacle::UnderStaked => "under the minimum stake",
        Obstacle::StakeLocked => "without enough free stake",
        Obstacle::Away => "not connected",
        Obstacle::Full => "full",
        Obstacle::TriedHere => "tried before",
        Obstacle::NotDrawn => "not drawn yet",
    }
}
