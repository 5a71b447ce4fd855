//! Decides what is due now: a pure function from a [`Snapshot`] to a [`Plan`]. Performs no I/O and keeps no
//! state between calls; the service calls it after every change.

mod action;
mod availability;
mod completion;
mod eligibility;
mod eligibility_index;
mod failures;
mod fair_queue;
mod finality;
mod matcher;
mod pending;
mod priority;
mod quote;
mod requirement;
mod seat;
mod shard;
mod snapshot;

#[cfg(test)]
mod tests;

pub(crate) use action::{AgentMessage, ChainAction, ConflictKey, Plan, StoreWrite};
pub(crate) use finality::accounts_needing_finality;
pub(crate) use pending::{PendingReason, PendingReasons};
pub(crate) use quote::placement_blockers;
pub(crate) use snapshot::{AgentView, Snapshot};

use completion::{end_job, releases, results_to_persist};
use eligibility::SeatRequest;
use fair_queue::{FairQueue, QueuedJob};
use matcher::{Matcher, SeatDemand, Seating};
use millrace_client::Pubkey;
use millrace_client::program::state::{Job, JobState, Network, Shard};
use priority::prioritize;
use shard::ShardPlanner;
use std::collections::HashSet;

/// Everything that is due. Empty until the network's account has been read.
pub(crate) fn plan(snapshot: &Snapshot) -> Plan {
    let mut plan = Plan::default();
    let Some(network) = snapshot.cache.network() else {
        return plan;
    };
    let mut matcher = Matcher::new(snapshot, network);
    let mut queue = FairQueue::default();
    let results = results_to_persist(snapshot);
    let jobs_with_unpersisted: HashSet<Pubkey> = results.keys().map(|(job, _)| *job).collect();
    for (address, job) in jobs_by_age(snapshot) {
        let shards: Vec<&Shard> = snapshot.cache.shards_of(&address).collect();
        for shard in &shards {
            queue.count_seats(job, shard);
            let planner = ShardPlanner {
                snapshot,
                network,
                address,
                job,
                shard,
            };
            planner.plan(&mut matcher, &mut plan);
        }
        if is_assignable(snapshot, network, job) {
            if !matcher.needs_seed(job) {
                let room = usize::try_from(matcher.room()).unwrap_or(usize::MAX);
                queue.push(queued(snapshot, address, job, &shards, room));
            } else if !snapshot.busy.contains(&ConflictKey::Job(address)) {
                plan.chain.push(ChainAction::SeedJob { job: address });
            }
        }
        // Closing a job removes its accounts, so its results must be persisted first.
        if !jobs_with_unpersisted.contains(&address) {
            plan.chain.extend(end_job(snapshot, address, job, &shards));
        }
    }
    assign_new_shards(&mut matcher, queue, &mut plan);
    plan.chain = prioritize(plan.chain, snapshot.room);
    plan.writes.extend(releases(snapshot, &results));
    let persist = results
        .into_iter()
        .map(|((job, shard), result)| StoreWrite::Result { job, shard, result });
    plan.writes.extend(persist);
    plan
}

/// The jobs that this orchestrator acts on, oldest first.
fn jobs_by_age<'a>(snapshot: &Snapshot<'a>) -> Vec<(Pubkey, &'a Job)> {
    let is_ours = |job: &Job| {
        let chosen = job.orchestrator;
        (chosen == Pubkey::default() || chosen == snapshot.orchestrator)
            && snapshot.owned.contains_job(job)
    };
    let jobs = snapshot.cache.jobs().iter();
    let mut jobs: Vec<_> = jobs
        .filter(|(_, job)| is_ours(job))
        .map(|(address, job)| (*address, job))
        .collect();
    jobs.sort_unstable_by_key(|(address, job)| (job.posted_at, *address));
    jobs
}

/// Whether shards that never had a seat may be assigned.
fn is_assignable(snapshot: &Snapshot, network: &Network, job: &Job) -> bool {
    let ready = &snapshot.submissions.ready_manifests;
    job.state() == Some(JobState::Open)
        && job.unassigned() > 0
        && network.paused == 0
        && job.first_round_fits(snapshot.now)
        && ready.contains(&job.manifest)
}

/// A job with its unassigned shards, at most `room` of them.
fn queued<'a>(
    snapshot: &Snapshot,
    address: Pubkey,
    job: &'a Job,
    existing: &[&Shard],
    room: usize,
) -> QueuedJob<'a> {
    let assigned: HashSet<u32> = existing.iter().map(|shard| shard.index).collect();
    let is_free = |index: &u32| {
        let key = ConflictKey::Shard(address, *index);
        !assigned.contains(index) && !snapshot.busy.contains(&key)
    };
    QueuedJob {
        address,
        job,
        shards: (0..job.shards).filter(is_free).take(room).collect(),
    }
}

/// Assigns shards that never had a seat, each with all of its seats at once: less than a quorum could only
/// wait, with stake locked.
fn assign_new_shards(matcher: &mut Matcher, mut queue: FairQueue, plan: &mut Plan) {
    queue.start();
    while matcher.room() > 0
        && let Some((address, job, index)) = queue.next()
    {
        let replicas = usize::from(job.replicas);
        let demand = SeatDemand {
            max: replicas,
            min: replicas,
        };
        let request = SeatRequest::new_shard(address, job, index);
        let Some(seating) = matcher.seat(request, demand) else {
            queue.park(job.client);
            continue;
        };
        let Seating {
            providers,
            selection,
        } = seating;
        queue.assigned(job.client, providers.len());
        plan.chain.push(ChainAction::Assign {
            job: address,
            shard: index,
            providers,
            selection,
        });
    }
}
