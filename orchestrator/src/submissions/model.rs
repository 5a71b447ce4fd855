//! What agents have submitted, by seat.

use crate::leases::partition::Bucket;
use millrace_client::Pubkey;
use millrace_client::program::state::Shard;
use millrace_protocol::hash::Digest;
use millrace_protocol::wire::Key;
use std::collections::{HashMap, HashSet};

/// A seat at one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatKey {
    /// The job.
    pub job: Pubkey,
    /// The shard.
    pub shard: u32,
    /// The attempt at which the seat was assigned.
    pub attempt: u8,
    /// Who sits there.
    pub provider: Pubkey,
}

impl SeatKey {
    /// The seat that a message is about.
    pub fn of(job: Key, shard: u32, attempt: u8, provider: Pubkey) -> Self {
        Self {
            job: Pubkey::new_from_array(job.0),
            shard,
            attempt,
            provider,
        }
    }
}

/// What was handed in for a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedIn {
    /// Index of the seat.
    pub seat: u8,
    /// The commitment.
    pub commitment: Digest,
    /// The operator's signature over its statement.
    pub signature: [u8; 64],
    /// What opens it, once shown.
    pub opening: Option<Opening>,
}

/// A result that was shown and whose output is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The result root.
    pub root: Digest,
    /// Units.
    pub units: u64,
    /// The salt.
    pub salt: [u8; 32],
    /// Blob of the output.
    pub output: Digest,
    /// How the program ended.
    pub exit: i32,
    /// Fuel.
    pub fuel: u64,
    /// The ending in words.
    pub reason: String,
}

/// A settled shard's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The quorum's root.
    pub root: Digest,
    /// Blob of the output.
    pub output: Digest,
    /// How the program ended.
    pub exit: i32,
    /// Fuel.
    pub fuel: u64,
    /// The ending in words.
    pub reason: String,
}

impl From<&Opening> for Outcome {
    fn from(opening: &Opening) -> Self {
        Self {
            root: opening.root,
            output: opening.output,
            exit: opening.exit,
            fuel: opening.fuel,
            reason: opening.reason.clone(),
        }
    }
}

/// The desk's content.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// What was handed in.
    pub handed_in: HashMap<SeatKey, HandedIn>,
    /// Providers that failed a shard, with the reason: they are not tried there again.
    pub failed: HashMap<(Pubkey, u32), HashMap<Pubkey, String>>,
    /// Results of settled shards.
    pub outcomes: HashMap<(Pubkey, u32), Outcome>,
    /// Manifests whose blobs are all here.
    pub ready: HashSet<Digest>,
    /// Buckets of the jobs that there are papers of.
    pub buckets: HashMap<Pubkey, Bucket>,
}

impl Papers {
    /// Notes a job's bucket, where it is known.
    pub fn place(&mut self, job: Pubkey, bucket: Option<Bucket>) {
        if let Some(bucket) = bucket {
            self.buckets.insert(job, bucket);
        }
    }

    /// Adds what was stored; what is here already stays, as it is newer.
    pub fn add(&mut self, stored: Self) {
        for (key, paper) in stored.handed_in {
            let known = self.handed_in.entry(key).or_insert_with(|| paper.clone());
            known.opening = known.opening.take().or(paper.opening);
        }
        for (shard, failed) in stored.failed {
            self.failed.entry(shard).or_default().extend(failed);
        }
        self.outcomes.extend(stored.outcomes);
        self.buckets.extend(stored.buckets);
    }

    /// Drops the papers of jobs in these buckets.
    pub fn drop_buckets(&mut self, lost: &HashSet<Bucket>) {
        let Self {
            handed_in,
            failed,
            outcomes,
            buckets,
            ..
        } = self;
        let stays = |job: &Pubkey| !buckets.get(job).is_some_and(|b| lost.contains(b));
        handed_in.retain(|key, _| stays(&key.job));
        failed.retain(|(job, _), _| stays(job));
        outcomes.retain(|(job, _), _| stays(job));
        buckets.retain(|_, bucket| !lost.contains(bucket));
    }

    /// The result of a shard: filed, or among what was handed in where it has just been settled.
    pub fn outcome(&self, job: Pubkey, index: u32, shard: Option<&Shard>) -> Option<Outcome> {
        if let Some(filed) = self.outcomes.get(&(job, index)) {
            return Some(filed.clone());
        }
        let (root, _) = shard?.result()?;
        let here = self
            .handed_in
            .iter()
            .filter(|(key, _)| key.job == job && key.shard == index);
        let mut openings = here.filter_map(|(_, paper)| paper.opening.as_ref());
        openings
            .find(|opening| opening.root == *root)
            .map(Outcome::from)
    }
}
