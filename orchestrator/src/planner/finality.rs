//! What must be final before it is acted on. Confirmed blocks are good enough for what can be done
//! again; what is dropped, filed or closed is gone, so a finalized block must say the same.

use super::{Snapshot, completion};
use crate::submissions::model::SeatKey;
use millrace_client::program::state::Shard;
use millrace_client::{Pubkey, pda};
use millrace_protocol::hash::Digest;
use std::collections::BTreeSet;

/// The accounts that have to be read from finalized blocks before anything final is done: those of what
/// ends by the confirmed cache.
pub fn accounts_needing_finality(snapshot: &Snapshot) -> BTreeSet<Pubkey> {
    let mut keys = BTreeSet::new();
    for key in snapshot.submissions.by_seat.keys() {
        if completion::ending(snapshot.cache, key).is_some() {
            keys.extend(accounts(snapshot, key.job, key.shard));
        }
    }
    for job in snapshot.closable {
        keys.insert(*job);
        for shard in snapshot.cache.shards_of(job) {
            keys.extend(accounts(snapshot, *job, shard.index));
        }
    }
    keys
}

/// Where a shard is: behind its job, or in an account of its own.
fn accounts(snapshot: &Snapshot, job: Pubkey, index: u32) -> impl Iterator<Item = Pubkey> {
    let books = snapshot.cache.jobs().get(&job);
    let own = books.is_none_or(|books| books.shards > 1);
    let own = own.then(|| {
        let known = snapshot.cache.shard_account(&job, index);
        known.unwrap_or_else(|| pda::shard(&job, index))
    });
    std::iter::once(job).chain(own)
}

/// How a seat ended for good.
pub fn ending(snapshot: &Snapshot, key: &SeatKey) -> Option<String> {
    let mut accounts = accounts(snapshot, key.job, key.shard);
    accounts
        .all(|account| snapshot.finalized.has_seen(&account))
        .then(|| completion::ending(snapshot.finalized, key))
        .flatten()
}

/// Whether a shard's result is this one for good.
pub fn is_result(snapshot: &Snapshot, (job, index): (Pubkey, u32), root: &Digest) -> bool {
    let shard = snapshot.finalized.shard(&job, index);
    let result = shard.and_then(Shard::result);
    result.is_some_and(|(result, _)| result == root)
}

/// Whether a job is finished for good, and none of its shards that are there is live.
pub fn is_finished(snapshot: &Snapshot, job: Pubkey, shards: &[&Shard]) -> bool {
    let finalized = snapshot.finalized;
    let over = |shard: &&Shard| {
        let known = finalized.shard(&job, shard.index);
        known.is_some_and(|known| !known.is_live())
    };
    finalized
        .jobs()
        .get(&job)
        .is_some_and(|job| job.is_finished())
        && shards.iter().all(over)
}
