//! Decides what finalized blocks confirm. A confirmed block is enough for actions that can be repeated.
//! Removing a submission, persisting a result and closing a job cannot be undone, so a finalized block must
//! show the same.

use super::seat::seat_ending;
use super::snapshot::Snapshot;
use crate::submissions::model::SeatKey;
use millrace_client::program::state::{Job, Shard};
use millrace_client::{Pubkey, pda};
use millrace_protocol::hash::Digest;
use std::collections::BTreeSet;

/// The accounts that must be read from finalized blocks before anything irreversible happens: those of
/// everything that has ended according to confirmed blocks.
pub(crate) fn accounts_needing_finality(snapshot: &Snapshot) -> BTreeSet<Pubkey> {
    let mut keys = BTreeSet::new();
    for key in snapshot.submissions.by_seat.keys() {
        if seat_ending(snapshot.cache, key).is_some() {
            keys.extend(accounts_of_shard(snapshot, key.job, key.shard));
        }
    }
    for job in snapshot.closable {
        keys.insert(*job);
        for shard in snapshot.cache.shards_of(job) {
            keys.extend(accounts_of_shard(snapshot, *job, shard.index));
        }
    }
    keys
}

/// The job's account, and the shard's unless it is stored in the job's.
fn accounts_of_shard(
    snapshot: &Snapshot,
    job: Pubkey,
    index: u32,
) -> impl Iterator<Item = Pubkey> + use<> {
    let account = snapshot.cache.jobs().get(&job);
    let has_own = account.is_none_or(|account| account.shards > 1);
    let own = has_own.then(|| {
        let known = snapshot.cache.shard_account(&job, index);
        known.unwrap_or_else(|| pda::shard(&job, index))
    });
    std::iter::once(job).chain(own)
}

/// How a seat ended according to finalized blocks.
pub(super) fn finalized_seat_ending(snapshot: &Snapshot, key: &SeatKey) -> Option<&'static str> {
    let mut accounts = accounts_of_shard(snapshot, key.job, key.shard);
    if !accounts.all(|account| snapshot.finalized.has_seen(&account)) {
        return None;
    }
    seat_ending(snapshot.finalized, key)
}

/// Whether finalized blocks show this result of a shard.
pub(super) fn is_finalized_result(
    snapshot: &Snapshot,
    (job, index): (Pubkey, u32),
    root: &Digest,
) -> bool {
    let shard = snapshot.finalized.shard(&job, index);
    let result = shard.and_then(Shard::result);
    result.is_some_and(|(result, _)| result == root)
}

/// Whether finalized blocks show a job as finished, and every one of these shards as ended.
pub(super) fn is_finalized_end(snapshot: &Snapshot, job: Pubkey, shards: &[&Shard]) -> bool {
    let finalized = snapshot.finalized;
    let has_ended = |shard: &&Shard| {
        let shard = finalized.shard(&job, shard.index);
        shard.is_some_and(|shard| !shard.is_live())
    };
    let account = finalized.jobs().get(&job);
    account.is_some_and(Job::is_finished) && shards.iter().all(has_ended)
}
