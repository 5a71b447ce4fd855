//! How jobs and seats end: expiry and closing of jobs, results to persist, seats to release.

use super::action::{ChainAction, ConflictKey, StoreWrite};
use super::finality::{finalized_seat_ending, is_finalized_end, is_finalized_result};
use super::seat::seat_ending;
use super::snapshot::Snapshot;
use crate::submissions::model::SettledResult;
use millrace_client::Pubkey;
use millrace_client::instructions::ShardRef;
use millrace_client::program::state::{Job, JobState, Shard};
use std::collections::HashMap;

/// Shard accounts that fit one closing transaction.
const MAX_SHARDS_PER_CLOSE: usize = 8;

/// Results by job and shard.
pub(super) type ShardResults = HashMap<(Pubkey, u32), SettledResult>;

/// Ends a job: expires it after its deadline, or closes it once every shard has ended. `shards` are those
/// on chain.
pub(super) fn end_job(
    snapshot: &Snapshot,
    address: Pubkey,
    job: &Job,
    shards: &[&Shard],
) -> Option<ChainAction> {
    if snapshot.busy.contains(&ConflictKey::Job(address)) {
        return None;
    }
    if job.state() == Some(JobState::Open) && snapshot.now >= job.deadline && !job.is_finished() {
        return Some(ChainAction::ExpireJob { job: address });
    }
    let may_close = job.is_finished()
        && snapshot.closable.contains(&address)
        && shows_all_endings(job, shards)
        && is_finalized_end(snapshot, address, shards);
    if !may_close {
        return None;
    }
    let account = |shard: &&Shard| {
        let account = ShardRef::of(address, job, shard.index).account()?;
        Some((account, shard.payer))
    };
    let ended = shards.iter().filter(|shard| !shard.is_live());
    let closing: Vec<_> = ended
        .filter_map(account)
        .take(MAX_SHARDS_PER_CLOSE)
        .collect();
    // The program refuses to close a job before its shards, and some may not have been read yet.
    (!closing.is_empty() || job.live == 0).then_some(ChainAction::CloseJob {
        job: address,
        client: job.client,
        shards: closing,
    })
}

/// Whether the accounts show how every shard ended. A job's account may be read before a shard's; the
/// archived view of the job would then lack a result.
fn shows_all_endings(job: &Job, shards: &[&Shard]) -> bool {
    let seen = u32::try_from(shards.len()).unwrap_or(u32::MAX);
    shards.iter().all(|shard| !shard.is_live()) && seen >= job.live
}

/// Results of shards that have settled in a finalized block and are not persisted yet.
pub(super) fn results_to_persist(snapshot: &Snapshot) -> ShardResults {
    let mut results = ShardResults::new();
    for (key, submission) in &snapshot.submissions.by_seat {
        let at = (key.job, key.shard);
        let Some(revealed) = &submission.revealed else {
            continue;
        };
        if snapshot.submissions.settled.contains_key(&at) || !snapshot.owns_submissions_of(&key.job)
        {
            continue;
        }
        let shard = snapshot.cache.shard(&key.job, key.shard);
        let result = shard.and_then(Shard::result);
        let is_result = result.is_some_and(|(root, _)| *root == revealed.root);
        if is_result && is_finalized_result(snapshot, at, &revealed.root) {
            results.insert(at, SettledResult::from(revealed));
        }
    }
    results
}

/// Releases seats that have ended in a finalized block, once their shard's result is persisted: the
/// provider deletes its copy of the result then, and it cannot be recovered.
pub(super) fn releases<'a>(
    snapshot: &'a Snapshot,
    unpersisted: &'a ShardResults,
) -> impl Iterator<Item = StoreWrite> + 'a {
    let releasable = snapshot.submissions.by_seat.keys().filter(|key| {
        !unpersisted.contains_key(&(key.job, key.shard))
            && snapshot.owns_submissions_of(&key.job)
            && seat_ending(snapshot.cache, key).is_some()
    });
    releasable.filter_map(|key| {
        let ending = finalized_seat_ending(snapshot, key)?;
        Some(StoreWrite::Release {
            seat: *key,
            ending: ending.to_owned(),
        })
    })
}
