//! How jobs, shards and seats end: by a deadline, by settlement, and what is kept of them.

use super::{Action, ConflictKey, Snapshot, finality, shard};
use crate::submissions::model::{SeatKey, SettledResult};
use millrace_client::Pubkey;
use millrace_client::cache::accounts::AccountCache;
use millrace_client::instructions::ShardRef;
use millrace_client::program::state::{Job, JobState, Shard};
use std::collections::HashMap;

/// Shard accounts that one closing transaction takes.
const SHARDS_PER_CLOSE: usize = 8;

/// Ends a job: by its deadline, or because every shard has an end.
pub fn end_job(
    snapshot: &Snapshot,
    (address, job): (Pubkey, &Job),
    existing: &[&Shard],
    actions: &mut Vec<Action>,
) {
    if snapshot.busy.contains(&ConflictKey::Job(address)) {
        return;
    }
    if job.state() == Some(JobState::Open) && snapshot.now >= job.deadline && !job.is_finished() {
        actions.push(Action::ExpireJob { job: address });
    } else if job.is_finished()
        && snapshot.closable.contains(&address)
        && shows_all_ends(job, existing)
        && finality::is_finished(snapshot, address, existing)
    {
        let ended = existing.iter().filter(|shard| !shard.is_live());
        let pair = |shard: &&Shard| {
            let account = ShardRef::of(address, job, shard.index).account()?;
            Some((account, shard.payer))
        };
        let shards: Vec<_> = ended.filter_map(pair).take(SHARDS_PER_CLOSE).collect();
        // Shards that are not seen yet will be: closing without them would be refused.
        if !shards.is_empty() || job.live == 0 {
            actions.push(Action::CloseJob {
                job: address,
                client: job.client,
                shards,
            });
        }
    }
}

/// Whether the cache shows how every shard ended. A job's account may be seen before a shard's, and the
/// last view of the job that is kept would lack a result.
fn shows_all_ends(job: &Job, existing: &[&Shard]) -> bool {
    let seen = u32::try_from(existing.len()).unwrap_or(u32::MAX);
    existing.iter().all(|shard| !shard.is_live()) && seen >= job.live
}

/// Releases what was handed in for seats that are over for good, once the winning result is filed: a
/// provider lets go of its result then, and nothing brings it back.
pub fn release_ended_seats(
    snapshot: &Snapshot,
    results_to_persist: &HashMap<(Pubkey, u32), SettledResult>,
    actions: &mut Vec<Action>,
) {
    for key in snapshot.submissions.by_seat.keys() {
        let unpersisted = results_to_persist.contains_key(&(key.job, key.shard));
        let mine = snapshot.owns_submissions_of(&key.job);
        if unpersisted || !mine || ending(snapshot.cache, key).is_none() {
            continue;
        }
        if let Some(outcome) = finality::ending(snapshot, key) {
            actions.push(Action::Release {
                seat: *key,
                outcome,
            });
        }
    }
}

/// How a seat ended; `None` where it has not, or nothing says so: a cache may be older than the seat.
pub fn ending(cache: &AccountCache, key: &SeatKey) -> Option<String> {
    match cache.shard(&key.job, key.shard) {
        Some(shard) if shard.is_live() => {
            let mut seats = shard.seats.iter();
            let seat = seats.find(|s| s.provider == key.provider && s.attempt == key.attempt);
            let is_over = seat.map_or(shard.attempt > key.attempt, |seat| !seat.is_live());
            is_over.then(|| shard::seat_ending(shard, key))
        }
        Some(shard) => Some(shard::seat_ending(shard, key)),
        // The cache may not be complete yet; the job's end is what counts then.
        None if cache.jobs().contains_key(&key.job) => None,
        None => Some("closed".to_owned()),
    }
}

/// Results of shards that are settled for good and not filed yet.
pub fn results_to_persist(snapshot: &Snapshot) -> HashMap<(Pubkey, u32), SettledResult> {
    let mut results_to_persist = HashMap::new();
    for (key, submission) in &snapshot.submissions.by_seat {
        let place = (key.job, key.shard);
        if !snapshot.owns_submissions_of(&key.job) {
            continue;
        }
        let Some(shard) = snapshot.cache.shard(&key.job, key.shard) else {
            continue;
        };
        let Some(revealed) = &submission.revealed else {
            continue;
        };
        let won = shard
            .result()
            .is_some_and(|(root, _)| *root == revealed.root);
        let won = won && finality::is_result(snapshot, place, &revealed.root);
        if won && !snapshot.submissions.settled.contains_key(&place) {
            results_to_persist.insert(place, SettledResult::from(revealed));
        }
    }
    results_to_persist
}
