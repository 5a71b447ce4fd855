//! What agents have handed in, by seat: the picture of the work, as the feed's is of the chain. Every
//! change is stored before it counts.

use crate::error::OrchestratorError;
use crate::metrics::Metrics;
use crate::store::Store;
use millrace_chain::Pubkey;
use millrace_chain::fail;
use millrace_chain::program::state::Shard;
use millrace_protocol::hash::Digest;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Instant;
use tokio::sync::watch;

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
}

impl Papers {
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

/// The desk.
#[derive(Clone)]
pub struct Desk {
    papers: Arc<RwLock<Papers>>,
    store: Arc<Store>,
    metrics: Metrics,
    changes: watch::Sender<u64>,
}

impl Desk {
    /// Loads what an earlier run has stored.
    pub fn load(store: Arc<Store>, metrics: Metrics) -> Result<Self, OrchestratorError> {
        let papers = store.load_papers()?;
        Ok(Self {
            papers: Arc::new(RwLock::new(papers)),
            store,
            metrics,
            changes: watch::Sender::new(0),
        })
    }

    /// The content. Held briefly: never across an await.
    pub fn read(&self) -> RwLockReadGuard<'_, Papers> {
        // A poisoned lock still holds whole papers: each change is a single insert or remove.
        self.papers
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A counter that rises with every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Papers)) {
        change(
            &mut self
                .papers
                .write()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        );
        self.changes.send_modify(|count| *count += 1);
    }

    /// Takes a commitment in. A second one for the same seat changes nothing: the first may be on
    /// its way to the chain.
    pub fn hand_in(&self, key: SeatKey, paper: HandedIn) -> Result<(), OrchestratorError> {
        if self.read().handed_in.contains_key(&key) {
            return Ok(());
        }
        let since = Instant::now();
        fail::before("store", "commitment");
        self.store.put_commitment(&key, &paper)?;
        fail::after("store", "commitment");
        self.metrics.store_written(since);
        self.change(|papers| drop(papers.handed_in.insert(key, paper)));
        Ok(())
    }

    /// Takes in what opens a commitment.
    pub fn open(&self, key: SeatKey, opening: Opening) -> Result<(), OrchestratorError> {
        let since = Instant::now();
        fail::before("store", "opening");
        self.store.put_opening(&key, &opening)?;
        fail::after("store", "opening");
        self.metrics.store_written(since);
        self.change(|papers| {
            if let Some(paper) = papers.handed_in.get_mut(&key) {
                paper.opening = Some(opening);
            }
        });
        Ok(())
    }

    /// Notes that a provider failed a shard.
    pub fn fail(
        &self,
        job: Pubkey,
        shard: u32,
        provider: Pubkey,
        reason: &str,
    ) -> Result<(), OrchestratorError> {
        let since = Instant::now();
        fail::before("store", "failure");
        self.store.put_failure(&job, shard, &provider, reason)?;
        fail::after("store", "failure");
        self.metrics.store_written(since);
        self.change(|papers| {
            let failed = papers.failed.entry((job, shard)).or_default();
            failed.insert(provider, reason.to_owned());
        });
        Ok(())
    }

    /// Files the result of a settled shard.
    pub fn file(&self, job: Pubkey, shard: u32, outcome: Outcome) -> Result<(), OrchestratorError> {
        let since = Instant::now();
        fail::before("store", "outcome");
        self.store.put_outcome(&job, shard, &outcome)?;
        fail::after("store", "outcome");
        self.metrics.store_written(since);
        self.change(|papers| drop(papers.outcomes.insert((job, shard), outcome)));
        Ok(())
    }

    /// Drops what was handed in for a seat whose shard has ended.
    pub fn drop_seat(&self, key: &SeatKey) -> Result<(), OrchestratorError> {
        let since = Instant::now();
        fail::before("store", "delete_seat");
        self.store.delete_seat(key)?;
        fail::after("store", "delete_seat");
        self.metrics.store_written(since);
        self.change(|papers| drop(papers.handed_in.remove(key)));
        Ok(())
    }

    /// Forgets all that is here of a job that is over.
    pub fn forget(&self, job: &Pubkey) -> Result<(), OrchestratorError> {
        fail::before("store", "forget");
        self.store.forget(job)?;
        fail::after("store", "forget");
        self.change(|papers| {
            papers.handed_in.retain(|key, _| key.job != *job);
            papers.failed.retain(|(of, _), _| of != job);
            papers.outcomes.retain(|(of, _), _| of != job);
        });
        Ok(())
    }

    /// Forgets that blobs are here, but for manifests of these jobs.
    pub fn keep_ready(&self, wanted: impl Iterator<Item = Digest>) {
        let wanted: HashSet<Digest> = wanted.collect();
        let known = self.read().ready.len();
        if known > wanted.len() {
            self.change(|papers| papers.ready.retain(|manifest| wanted.contains(manifest)));
        }
    }

    /// Notes that all blobs of a manifest are here.
    pub fn mark_ready(&self, manifest: Digest) {
        if !self.read().ready.contains(&manifest) {
            self.change(|papers| {
                papers.ready.insert(manifest);
            });
        }
    }
}
