//! What must be final before it is acted on. Confirmed blocks are good enough for what can be done
//! again; what is dropped, filed or closed is gone, so a finalized block must say the same.

use super::{Situation, completion};
use crate::submissions::model::SeatKey;
use millrace_client::program::state::Shard;
use millrace_client::{Pubkey, pda};
use millrace_protocol::hash::Digest;
use std::collections::BTreeSet;

/// The accounts that have to be read from finalized blocks before anything final is done: those of what
/// ends by the confirmed cache.
pub fn to_be_final(situation: &Situation) -> BTreeSet<Pubkey> {
    let mut keys = BTreeSet::new();
    for key in situation.submissions.by_seat.keys() {
        if completion::ending(situation.cache, key).is_some() {
            keys.extend(accounts(situation, key.job, key.shard));
        }
    }
    for job in situation.closable {
        keys.insert(*job);
        for shard in situation.cache.shards_of(job) {
            keys.extend(accounts(situation, *job, shard.index));
        }
    }
    keys
}

/// Where a shard is: behind its job, or in an account of its own.
fn accounts(situation: &Situation, job: Pubkey, index: u32) -> impl Iterator<Item = Pubkey> {
    let books = situation.cache.jobs().get(&job);
    let own = books.is_none_or(|books| books.shards > 1);
    let own = own.then(|| {
        let known = situation.cache.shard_account(&job, index);
        known.unwrap_or_else(|| pda::shard(&job, index))
    });
    std::iter::once(job).chain(own)
}

/// How a seat ended for good.
pub fn ending(situation: &Situation, key: &SeatKey) -> Option<String> {
    let mut accounts = accounts(situation, key.job, key.shard);
    accounts
        .all(|account| situation.finalized.has_seen(&account))
        .then(|| completion::ending(situation.finalized, key))
        .flatten()
}

/// Whether a shard's result is this one for good.
pub fn is_result(situation: &Situation, (job, index): (Pubkey, u32), root: &Digest) -> bool {
    let shard = situation.finalized.shard(&job, index);
    let result = shard.and_then(Shard::result);
    result.is_some_and(|(result, _)| result == root)
}

/// Whether a job is finished for good, and none of its shards that are there is live.
pub fn is_finished(situation: &Situation, job: Pubkey, shards: &[&Shard]) -> bool {
    let finalized = situation.finalized;
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
