//! Renews the leases, takes free partitions, loads their submissions, and gives back what exceeds this
//! member's share.

use crate::error::OrchestratorError;
use crate::executor::Executor;
use crate::leases::partition::{Member, Partition};
use crate::leases::rebalance::rebalance;
use crate::leases::set::LeaseSet;
use crate::store::{Scope, Store, StoreError};
use crate::submissions::cache::SubmissionStore;
use millrace_client::Pubkey;
use millrace_client::cache::subscription::Feed;
use millrace_client::tx::sender::Sender;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

/// How long a lease is valid without a renewal. After an orchestrator has died, no other one acts on its
/// jobs for this long.
const LEASE_TTL: Duration = Duration::from_secs(10);
const RENEW_INTERVAL: Duration = Duration::from_secs(2);
/// No action is started this close to the expiry of a lease, so that earlier ones can still be sent.
const EXPIRY_MARGIN: Duration = Duration::from_secs(2);
/// A round that takes longer counts as failed.
const RENEW_TIMEOUT: Duration = Duration::from_secs(4);
/// Pause after a failed takeover.
const TAKEOVER_RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// Keeps a [`LeaseSet`] in step with the leases in the store.
#[derive(Clone)]
pub(crate) struct LeaseManager {
    pub leases: LeaseSet,
    pub store: Arc<Store>,
    pub submissions: SubmissionStore,
    pub sender: Sender,
    pub executor: Executor,
    pub feed: Feed,
    /// The orchestrator's registered key.
    pub key: Pubkey,
}

impl LeaseManager {
    /// Renews leases until `stop`. Call [`LeaseManager::leave`] afterwards to give them back.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let takeovers = TaskTracker::new();
        while !stop.is_cancelled() {
            let round = tokio::time::timeout(RENEW_TIMEOUT, self.round(&takeovers)).await;
            match round {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => continue,
                Ok(Err(error)) => warn!(%error, "failed to renew leases"),
                Err(_) => warn!(timeout = ?RENEW_TIMEOUT, "failed to renew leases: timed out"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(RENEW_INTERVAL) => {}
            }
        }
    }

    /// Gives all leases back. Call it when no action is in flight.
    pub(crate) async fn leave(&self) {
        let member = self.leases.member();
        if member.is_empty() {
            return;
        }
        self.leases.join("");
        if let Err(error) = self.store.leave(&member).await {
            warn!(%error, "failed to give leases back; they will expire");
        }
    }

    /// Renews the leases and rebalances. Returns false if it had to join instead.
    async fn round(&self, takeovers: &TaskTracker) -> Result<bool, StoreError> {
        let me = Member {
            id: self.leases.member(),
            orchestrator: self.key,
        };
        let asked = Instant::now();
        let renewed = if me.id.is_empty() {
            None
        } else {
            self.store.renew(&me.id, LEASE_TTL).await?
        };
        let Some(mut leased) = renewed else {
            self.join().await?;
            return Ok(false);
        };
        let until = asked + LEASE_TTL - EXPIRY_MARGIN;
        // Leases that were renewed take effect before anything else is read.
        self.apply_renewal(leased.clone(), until, takeovers);

        let (members, leases) = tokio::try_join!(self.store.members(), self.store.leases())?;
        let change = rebalance(&me, &members, &leases);
        let draining = self.leases.draining();
        self.leases.set_draining(&change.give_back);
        let taken = self.store.take(&me.id, &change.take, LEASE_TTL).await?;
        if !taken.is_empty() {
            info!(taken = taken.len(), members = members.len(), "leases taken");
            leased.extend(taken);
            self.apply_renewal(leased.clone(), until, takeovers);
        }
        let drained = self.drained(draining, &change.give_back).await;
        if !drained.is_empty() {
            info!(
                given_back = drained.len(),
                members = members.len(),
                "leases given back"
            );
            self.store.give_back(&me.id, &drained).await?;
            leased.retain(|partition, _| !drained.contains(partition));
            self.apply_renewal(leased, until, takeovers);
        }
        Ok(true)
    }

    /// Joins the store under a new member id: at startup, and after the membership has expired.
    async fn join(&self) -> Result<(), StoreError> {
        let me = Member {
            id: format!("{:016x}", rand::random::<u64>()),
            orchestrator: self.key,
        };
        self.store.join(&me, LEASE_TTL).await?;
        let lost = self.leases.join(&me.id);
        if !lost.is_empty() {
            warn!(
                lost = lost.len(),
                "all leases expired: the database was unreachable for too long"
            );
            self.submissions.evict(&lost);
        }
        debug!(member = me.id, "joined the shared store");
        Ok(())
    }

    /// Applies the current leases: starts the takeover of new partitions, and drops the submissions of
    /// lost ones from memory.
    fn apply_renewal(
        &self,
        leased: HashMap<Partition, u64>,
        until: Instant,
        takeovers: &TaskTracker,
    ) {
        let change = self.leases.apply_renewal(leased, until);
        self.submissions.evict(&change.lost);
        if change.gained.is_empty() {
            return;
        }
        let this = self.clone();
        takeovers.spawn(async move { this.finish_takeover(change.gained).await });
    }

    /// Resolves the transactions that dead members left open and loads the partitions' submissions. Only
    /// then may they be acted on. Retries until it succeeds or the leases are lost.
    async fn finish_takeover(self, partitions: Vec<Partition>) {
        while partitions
            .iter()
            .any(|partition| self.leases.owns_submissions_of(partition))
        {
            match self.take_over(&partitions).await {
                Ok(()) => return self.leases.mark_ready(&partitions),
                Err(error) => warn!(%error, "failed to take partitions over; retrying"),
            }
            tokio::time::sleep(TAKEOVER_RETRY_INTERVAL).await;
        }
    }

    async fn take_over(&self, partitions: &[Partition]) -> Result<(), OrchestratorError> {
        for purpose in self.sender.recover().await? {
            info!(
                purpose,
                "a transaction left by another orchestrator has landed"
            );
        }
        let stored = self
            .store
            .load_submissions(Scope::Partitions(partitions))
            .await?;
        self.submissions.load(stored);
        Ok(())
    }

    /// The partitions that were draining already, still have to be given back, and have no action in
    /// flight.
    async fn drained(
        &self,
        mut draining: HashSet<Partition>,
        give_back: &[Partition],
    ) -> Vec<Partition> {
        let busy = self.executor.busy().keys;
        let cache = self.feed.cache().read().await;
        for key in busy {
            if let Some(job) = cache.jobs().get(&key.job()) {
                draining.remove(&Partition::of(job));
            }
        }
        give_back
            .iter()
            .filter(|partition| draining.contains(partition))
            .copied()
            .collect()
    }
}
