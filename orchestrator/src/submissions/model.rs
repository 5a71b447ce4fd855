//! What agents have submitted, by seat, and the results of settled shards. Types only.

use crate::leases::partition::Partition;
use millrace_client::Pubkey;
use millrace_client::program::state::Shard;
use millrace_protocol::hash::Digest;
use millrace_protocol::key::Key;
use std::collections::{HashMap, HashSet};

/// A seat at one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SeatKey {
    pub job: Pubkey,
    pub shard: u32,
    /// The attempt at which the seat was assigned.
    pub attempt: u8,
    pub provider: Pubkey,
}

impl SeatKey {
    /// The seat that an agent's message refers to.
    pub(crate) fn of(job: Key, shard: u32, attempt: u8, provider: Pubkey) -> Self {
        Self {
            job: Pubkey::new_from_array(job.0),
            shard,
            attempt,
            provider,
        }
    }
}

/// An agent's submission for a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submission {
    /// Index of the seat.
    pub seat: u8,
    pub commitment: Digest,
    /// The operator's signature over the commitment's statement.
    pub signature: [u8; 64],
    /// The result behind the commitment, once the agent has revealed it.
    pub revealed: Option<RevealedResult>,
}

/// A result that matches its commitment and whose output blob is stored here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RevealedResult {
    /// Root of the result's Merkle tree.
    pub root: Digest,
    pub units: u64,
    pub salt: [u8; 32],
    /// Digest of the output blob.
    pub output: Digest,
    /// The program's exit code.
    pub exit: i32,
    pub fuel: u64,
    /// How the program ended, in words.
    pub reason: String,
}

/// The result of a settled shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettledResult {
    /// The root that the quorum agreed on.
    pub root: Digest,
    /// Digest of the output blob.
    pub output: Digest,
    /// The program's exit code.
    pub exit: i32,
    pub fuel: u64,
    /// How the program ended, in words.
    pub reason: String,
}

impl From<&RevealedResult> for SettledResult {
    fn from(revealed: &RevealedResult) -> Self {
        Self {
            root: revealed.root,
            output: revealed.output,
            exit: revealed.exit,
            fuel: revealed.fuel,
            reason: revealed.reason.clone(),
        }
    }
}

/// Everything this orchestrator keeps in memory about submitted work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Submissions {
    pub by_seat: HashMap<SeatKey, Submission>,
    /// Providers that failed a shard, with the reason. They are not assigned to that shard again.
    pub failures: HashMap<(Pubkey, u32), HashMap<Pubkey, String>>,
    /// Results of settled shards.
    pub settled: HashMap<(Pubkey, u32), SettledResult>,
    /// Manifests whose blobs are all stored.
    pub ready_manifests: HashSet<Digest>,
    /// Partitions of the jobs above.
    pub partitions: HashMap<Pubkey, Partition>,
}

impl Submissions {
    pub(crate) fn set_partition(&mut self, job: Pubkey, partition: Option<Partition>) {
        if let Some(partition) = partition {
            self.partitions.insert(job, partition);
        }
    }

    /// Adds what was read from the store. Submissions already in memory are newer and stay.
    pub(crate) fn merge_stored(&mut self, stored: Self) {
        for (key, submission) in stored.by_seat {
            let known = self
                .by_seat
                .entry(key)
                .or_insert_with(|| submission.clone());
            known.revealed = known.revealed.take().or(submission.revealed);
        }
        for (shard, failures) in stored.failures {
            self.failures.entry(shard).or_default().extend(failures);
        }
        self.settled.extend(stored.settled);
        self.partitions.extend(stored.partitions);
    }

    /// Removes everything about jobs in these partitions.
    pub(crate) fn drop_partitions(&mut self, lost: &HashSet<Partition>) {
        let Self {
            by_seat,
            failures,
            settled,
            partitions,
            ..
        } = self;
        let stays = |job: &Pubkey| !partitions.get(job).is_some_and(|p| lost.contains(p));
        by_seat.retain(|key, _| stays(&key.job));
        failures.retain(|(job, _), _| stays(job));
        settled.retain(|(job, _), _| stays(job));
        partitions.retain(|_, partition| !lost.contains(partition));
    }

    /// Removes everything about a job.
    pub(crate) fn drop_job(&mut self, job: &Pubkey) {
        self.by_seat.retain(|key, _| key.job != *job);
        self.failures.retain(|(of, _), _| of != job);
        self.settled.retain(|(of, _), _| of != job);
        self.partitions.remove(job);
    }

    /// The result of a settled shard: the recorded one or, if the shard has only just settled, the
    /// submission with the agreed root.
    pub(crate) fn settled_result(
        &self,
        job: Pubkey,
        index: u32,
        shard: Option<&Shard>,
    ) -> Option<SettledResult> {
        if let Some(recorded) = self.settled.get(&(job, index)) {
            return Some(recorded.clone());
        }
        let (root, _) = shard?.result()?;
        let submitted = self
            .by_seat
            .iter()
            .filter(|(key, _)| key.job == job && key.shard == index);
        let mut revealed = submitted.filter_map(|(_, submission)| submission.revealed.as_ref());
        revealed
            .find(|result| result.root == *root)
            .map(SettledResult::from)
    }
}
