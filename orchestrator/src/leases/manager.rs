//! Keeps the leases: renews them in time, takes what is free, loads the papers of what was taken, gives
//! back what is too much.

use crate::error::OrchestratorError;
use crate::executor::Executor;
use crate::leases::partition::{Member, Partition, moves};
use crate::leases::set::LeaseSet;
use crate::store::{Scope, Store, StoreError};
use crate::submissions::cache::SubmissionStore;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_client::tx::sender::Sender;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

/// A lease lasts so long when it is not renewed: how long nobody acts after an orchestrator died.
const LASTS: Duration = Duration::from_secs(10);
/// Leases are renewed, and others' looked at, so often.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// Nothing is begun so near the end of a lease: what was begun just before gets out.
const MARGIN: Duration = Duration::from_secs(2);
/// A renewal that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(4);
/// Pause after papers could not be loaded.
const PAUSE: Duration = Duration::from_millis(500);

/// Keeps a tenure.
#[derive(Clone)]
pub struct LeaseManager {
    /// What is kept.
    pub leases: LeaseSet,
    /// Where the leases are.
    pub store: Arc<Store>,
    /// Takes the papers of what was taken.
    pub submissions: SubmissionStore,
    /// Sees through what dead members left open.
    pub sender: Sender,
    /// Knows what is under way.
    pub executor: Executor,
    /// Knows whose jobs that is about.
    pub feed: Feed,
    /// The orchestrator's key.
    pub key: Pubkey,
}

impl LeaseManager {
    /// Keeps leases until `stop`; afterwards [`LeaseManager::leave`] gives them back.
    pub async fn run(self, stop: CancellationToken) {
        let arrivals = TaskTracker::new();
        while !stop.is_cancelled() {
            let round = tokio::time::timeout(PATIENCE, self.round(&arrivals)).await;
            match round {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => continue,
                Ok(Err(error)) => warn!(%error, "leases could not be renewed"),
                Err(_) => warn!("leases could not be renewed: the database takes too long"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RENEW_EVERY) => {}
            }
        }
    }

    /// Gives everything back, once nothing is under way any more.
    pub async fn leave(&self) {
        let member = self.leases.member();
        if member.is_empty() {
            return;
        }
        self.leases.join("");
        if let Err(error) = self.store.leave(&member).await {
            warn!(%error, "leases could not be given back; they end by themselves");
        }
    }

    /// Renews, and comes nearer to the right share. False where it had to join first.
    async fn round(&self, arrivals: &TaskTracker) -> Result<bool, StoreError> {
        let me = Member {
            id: self.leases.member(),
            orchestrator: self.key,
        };
        let asked = Instant::now();
        let renewed = match me.id.is_empty() {
            true => None,
            false => self.store.renew(&me.id, LASTS).await?,
        };
        let Some(renewed) = renewed else {
            self.join().await?;
            return Ok(false);
        };
        let mut leased: HashSet<Partition> = renewed.into_iter().collect();
        let until = asked + LASTS - MARGIN;
        // What is held already is safe before anything else is looked at.
        self.enter(leased.clone(), until, arrivals);

        let (members, leases) = tokio::try_join!(self.store.members(), self.store.leases())?;
        let moves = moves(&me, &members, &leases);
        let leaving = self.leases.leaving();
        self.leases.leave(&moves.give);
        let taken = self.store.take(&me.id, &moves.take, LASTS).await?;
        if !taken.is_empty() {
            info!(taken = taken.len(), members = members.len(), "leases taken");
            leased.extend(taken);
            self.enter(leased.clone(), until, arrivals);
        }
        let quiet = self.quiet(leaving, &moves.give).await;
        if !quiet.is_empty() {
            info!(
                given = quiet.len(),
                members = members.len(),
                "leases given back"
            );
            self.store.give_back(&me.id, &quiet).await?;
            leased.retain(|partition| !quiet.contains(partition));
            self.enter(leased, until, arrivals);
        }
        Ok(true)
    }

    /// Becomes a member under a new name: at the start, and after the time of the old one was over.
    async fn join(&self) -> Result<(), StoreError> {
        let me = Member {
            id: format!("{:016x}", rand::random::<u64>()),
            orchestrator: self.key,
        };
        self.store.join(&me, LASTS).await?;
        let lost = self.leases.join(&me.id);
        if !lost.is_empty() {
            warn!(
                lost = lost.len(),
                "all leases have run out: nothing was heard of the database"
            );
            self.submissions.evict(&lost);
        }
        debug!(member = me.id, "joined the store");
        Ok(())
    }

    /// Enters what is leased; loads the papers of what is new, and drops those of what is gone.
    fn enter(&self, leased: HashSet<Partition>, until: Instant, arrivals: &TaskTracker) {
        let change = self.leases.renewed(leased, until);
        self.submissions.evict(&change.lost);
        if change.gained.is_empty() {
            return;
        }
        let this = self.clone();
        arrivals.spawn(async move { this.arrive(change.gained).await });
    }

    /// Sees through what dead members have left open, loads papers, and only then lets them be acted
    /// on. Tried until it works or the leases are gone.
    async fn arrive(self, partitions: Vec<Partition>) {
        while partitions
            .iter()
            .any(|partition| self.leases.owns_submissions_of(partition))
        {
            match self.take_over(&partitions).await {
                Ok(()) => return self.leases.arrived(&partitions),
                Err(error) => warn!(%error, "what others have left could not be taken over yet"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn take_over(&self, partitions: &[Partition]) -> Result<(), OrchestratorError> {
        for purpose in self.sender.recover().await? {
            info!(
                purpose,
                "a transaction of an orchestrator that is gone has landed"
            );
        }
        let submissions = self
            .store
            .load_submissions(Scope::Partitions(partitions))
            .await?;
        self.submissions.load(submissions);
        Ok(())
    }

    /// What was on the way out before already, is still too much, and has nothing under way.
    async fn quiet(&self, mut leaving: HashSet<Partition>, give: &[Partition]) -> Vec<Partition> {
        let busy = self.executor.busy().keys;
        let cache = self.feed.cache().read().await;
        for key in busy {
            if let Some(job) = cache.jobs().get(&key.job()) {
                leaving.remove(&Partition::of(job));
            }
        }
        give.iter()
            .filter(|b| leaving.contains(b))
            .copied()
            .collect()
    }
}
