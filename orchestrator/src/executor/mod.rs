//! Carries out what was planned: transactions and dispatches. Acts of the same key never run together,
//! and one that failed is tried again later and later.

mod batch;
mod dispatch;
mod in_flight;
mod instructions;

use crate::agents::Agents;
use crate::error::OrchestratorError;
use crate::observability::metrics::{Dispatches, Metrics};
use crate::planner::{Action, ConflictKey};
use crate::submissions::cache::SubmissionStore;
use batch::{BatchItem, pack};
use dispatch::WriteKey;
use futures_util::future::{join_all, try_join_all};
use in_flight::InFlight;
use millrace_client::cache::subscription::Feed;
use millrace_client::instructions::Mints;
use millrace_client::program::state::Shard;
use millrace_client::tx::payer::Payer;
use millrace_client::tx::sender::Sender;
use millrace_client::{Pubkey, failpoint};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signer};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, info, info_span, warn};

pub use dispatch::dispatches_of;

const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// An act that failed and was not planned again for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// Acts that may be under way together: over the time that a confirmation takes, this many at the most
/// land. Each holds a place at the endpoint, which is asked after its transaction, and a cache that
/// grows old; what is beyond waits in the plan, where the most urgent comes first.
const MOST_UNDER_WAY: usize = 256;

/// Why whoever was late at a shard is not tried there again.
const LATE: &str = "it was late there";

/// Carries out actions.
#[derive(Clone)]
pub struct Executor {
    sender: Sender,
    key: Arc<Keypair>,
    mints: Mints,
    /// Where bounties go: the key's token account of the stake mint, where it has one.
    bounty: Option<Pubkey>,
    /// The key's lamports.
    payer: Payer,
    feed: Feed,
    submissions: SubmissionStore,
    agents: Agents,
    acts: Arc<Mutex<HashMap<ConflictKey, Act>>>,
    tasks: TaskTracker,
    /// Acts under way are given up.
    abort: CancellationToken,
    metrics: Metrics,
    dispatches: Arc<Mutex<Dispatches>>,
    /// What is being written to the store.
    records: Arc<Mutex<HashSet<WriteKey>>>,
    changes: watch::Sender<u64>,
}

/// An act that is under way, or waits after a failure.
struct Act {
    /// What it is, in words.
    what: String,
    reserved: Vec<Pubkey>,
    running: bool,
    failures: u32,
    again_at: Instant,
}

impl Executor {
    /// An executor with nothing under way.
    pub fn new(
        (sender, payer): (Sender, Payer),
        key: Arc<Keypair>,
        (mints, bounty): (Mints, Option<Pubkey>),
        feed: Feed,
        submissions: SubmissionStore,
        agents: Agents,
        metrics: Metrics,
    ) -> Self {
        Self {
            sender,
            key,
            mints,
            bounty,
            payer,
            feed,
            submissions,
            agents,
            acts: Arc::default(),
            tasks: TaskTracker::new(),
            abort: CancellationToken::new(),
            metrics,
            dispatches: Arc::default(),
            records: Arc::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that rises when an act has ended.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn acts(&self) -> MutexGuard<'_, HashMap<ConflictKey, Act>> {
        // A poisoned lock still holds whole acts: each change is a single insert or remove.
        self.acts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Acts that must not be planned now, and the providers reserved by those under way.
    pub fn busy(&self) -> (HashSet<ConflictKey>, Vec<Pubkey>) {
        let now = Instant::now();
        let mut acts = self.acts();
        // One that is not planned any more has nothing to be remembered for.
        acts.retain(|_, act| act.running || now < act.again_at + FORGOTTEN_AFTER);
        let busy = acts
            .iter()
            .filter(|(_, act)| act.running || act.again_at > now);
        let keys = busy.map(|(key, _)| *key).collect();
        let running = acts.values().filter(|act| act.running);
        (
            keys,
            running
                .flat_map(|act| act.reserved.iter().copied())
                .collect(),
        )
    }

    /// Acts that are under way or wait for their next try.
    pub fn len(&self) -> usize {
        self.acts().len()
    }

    /// Acts that may still be started.
    pub fn room(&self) -> usize {
        let (running, _) = self.counts();
        MOST_UNDER_WAY.saturating_sub(running)
    }

    /// Starts what was planned, and waits for none of it: acts on chain and writes to the store go on in
    /// the background.
    pub fn start(&self, actions: Vec<Action>) {
        let (mut acts, mut records) = (Vec::new(), Vec::new());
        for action in actions {
            match (action.key(), WriteKey::of(&action)) {
                (Some(key), _) => acts.push((key, action)),
                (None, Some(record)) if !self.records().insert(record) => {}
                (None, Some(record)) => records.push((record, action)),
                (None, None) => self.send_to_agent(action),
            }
        }
        if !acts.is_empty() {
            let in_flight: Vec<_> = acts.into_iter().map(|act| self.begin(act)).collect();
            let this = self.clone();
            self.spawn(async move { this.send(in_flight).await });
        }
        if !records.is_empty() {
            let this = self.clone();
            // Together, so that all of it waits for the disk once.
            self.spawn(async move {
                let all = records
                    .into_iter()
                    .map(|(record, action)| this.persist(record, action));
                join_all(all).await;
            });
        }
    }

    /// Does something in the background until it has ended or is given up.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = abort.cancelled() => {}
            }
        });
    }

    /// Acts that are under way, and acts that wait after a failure.
    pub fn counts(&self) -> (usize, usize) {
        let acts = self.acts();
        let running = acts.values().filter(|act| act.running).count();
        (running, acts.len() - running)
    }

    /// Waits until every act under way has ended, at most for `grace`; what has not ended by then is
    /// given up and returned.
    pub async fn drain(&self, grace: Duration) -> Vec<String> {
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_ok() {
            return Vec::new();
        }
        let running = |act: &Act| act.running.then(|| act.what.clone());
        let mut left: Vec<String> = self.acts().values().filter_map(running).collect();
        left.sort();
        self.abort.cancel();
        self.tasks.wait().await;
        left
    }

    /// From here on the act is under way.
    fn begin(&self, (key, action): (ConflictKey, Action)) -> InFlight {
        let reserved = match &action {
            Action::Assign { providers, .. } => providers.clone(),
            _ => Vec::new(),
        };
        let mut acts = self.acts();
        let failures = acts.get(&key).map_or(0, |act| act.failures);
        let act = Act {
            what: action.to_string(),
            reserved,
            running: true,
            failures,
            again_at: Instant::now(),
        };
        acts.insert(key, act);
        InFlight {
            key,
            action,
            before: None,
            failures,
        }
    }

    /// Makes the transactions of acts, and sends each in the background.
    async fn send(&self, in_flight: Vec<InFlight>) {
        let mut items = Vec::new();
        for mut act in in_flight {
            if let Err(error) = self.require_rent(&act.action) {
                self.finish(&act, Err(&error), true);
                continue;
            }
            match self.transaction(&act.action).await {
                Ok(Some(instructions)) => {
                    act.before = self.shard_of(&act.action).await;
                    items.push(BatchItem {
                        alone: act.failures > 0,
                        act,
                        instructions,
                    });
                }
                Ok(None) => self.finish(&act, Ok(()), true),
                Err(error) => self.finish(&act, Err(&error), true),
            }
        }
        for batch in pack(&self.key.pubkey(), items) {
            let this = self.clone();
            self.spawn(async move { this.execute_batch(batch).await });
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// New work puts rent into shards' accounts; everything else pays a fee, and much of it brings rent
    /// back.
    fn require_rent(&self, action: &Action) -> Result<(), OrchestratorError> {
        match action {
            Action::Assign { .. } => Ok(self.payer.require_rent()?),
            _ => Ok(()),
        }
    }

    /// One transaction, and what is learnt from it.
    async fn execute_batch(&self, batch: Vec<BatchItem<InFlight>>) {
        let alone = batch.len() == 1;
        let (mut acts, mut instructions) = (Vec::new(), Vec::new());
        for item in batch {
            acts.push(item.act);
            instructions.extend(item.instructions);
        }
        let purposes: Vec<String> = acts.iter().map(|act| act.action.to_string()).collect();
        let purpose = purposes.join(", ");
        let result = self.submit(&acts, &purpose, &instructions).await;
        for act in &acts {
            match &result {
                Ok(()) => match self.record_dropouts(act).await {
                    Ok(()) => self.finish(act, Ok(()), alone),
                    Err(error) => self.finish(act, Err(&error), alone),
                },
                Err(error) if alone && self.is_done(&act.action, error).await => {
                    self.finish(act, Ok(()), alone);
                }
                Err(error) => self.finish(act, Err(error), alone),
            }
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Sends the transaction of acts and sees it through.
    async fn submit(
        &self,
        acts: &[InFlight],
        purpose: &str,
        instructions: &[Instruction],
    ) -> Result<(), OrchestratorError> {
        // Together, so that all of it waits for the disk once.
        try_join_all(acts.iter().map(|act| self.write_ahead(&act.action))).await?;
        for act in acts {
            failpoint::before("act", act.kind());
        }
        let sent = self
            .sender
            .send(purpose, instructions, &[&self.key])
            .instrument(info_span!("transaction", purpose))
            .await;
        for act in acts {
            failpoint::after("act", act.kind());
        }
        // Whatever became of it: the chain is read before anything is planned anew.
        let touched: BTreeSet<Pubkey> = acts.iter().flat_map(InFlight::touched).collect();
        let touched: Vec<Pubkey> = touched.into_iter().collect();
        let slot = sent.as_ref().map_or(0, |landed| landed.slot);
        let read = self.feed.refresh_after(&touched, slot).await;
        let landed = sent?;
        let (slot, units) = (landed.slot, landed.compute_units);
        for act in acts {
            let (job, shard) = act.place();
            info!(act = %act.action, %job, shard, signature = %landed.signature, slot, units, "landed");
        }
        Ok(read?)
    }

    /// Writes down what an act's transaction will not tell. Whose seat is expired is not asked again: once
    /// the seat is free, only this says who was late, and a process that ends in between would seat him
    /// again. By what seats were given is told to whoever audits the job.
    async fn write_ahead(&self, action: &Action) -> Result<(), OrchestratorError> {
        match action {
            Action::ExpireSeat {
                job,
                shard,
                provider,
                ..
            } => Ok(self
                .submissions
                .record_failure(*job, *shard, *provider, LATE)
                .await?),
            Action::Assign { job, selection, .. } => {
                Ok(self.submissions.record_selection(job, selection).await?)
            }
            _ => Ok(()),
        }
    }

    /// The act is over. One that failed is tried again later and later; in company, at once and alone.
    fn finish(&self, in_flight: &InFlight, result: Result<(), &OrchestratorError>, alone: bool) {
        let mut acts = self.acts();
        let Err(error) = result else {
            acts.remove(&in_flight.key);
            return;
        };
        self.metrics.act_failed(error);
        if let Some(act) = acts.get_mut(&in_flight.key) {
            act.running = false;
            act.failures += 1;
            let pause = match alone {
                true => FIRST_PAUSE.saturating_mul(1 << act.failures.min(6)),
                false => Duration::ZERO,
            };
            act.again_at = Instant::now() + pause.min(LONGEST_PAUSE);
            let (job, shard) = in_flight.place();
            warn!(act = %in_flight.action, %job, shard, %error, failures = act.failures, alone, "an act failed");
            debug!(action = ?in_flight.action, "what failed");
        }
    }

    /// A refusal whose cause has gone in the meantime (somebody else cranked it) is no failure.
    async fn is_done(&self, action: &Action, error: &OrchestratorError) -> bool {
        let OrchestratorError::Chain(error) = error else {
            return false;
        };
        if error.refusal().is_none() {
            return false;
        }
        let cache = self.feed.cache().read().await;
        match action {
            Action::CloseJob { job, .. } => !cache.jobs().contains_key(job),
            _ => false,
        }
    }

    async fn shard_of(&self, action: &Action) -> Option<Shard> {
        let Some(ConflictKey::Shard(job, index)) = action.key() else {
            return None;
        };
        let cache = self.feed.cache().read().await;
        cache.shard(&job, index).copied()
    }

    /// Compares a shard with what it was, and remembers who left it without a result.
    async fn record_dropouts(&self, act: &InFlight) -> Result<(), OrchestratorError> {
        let Some(before) = &act.before else {
            return Ok(());
        };
        let cache = self.feed.cache().read().await;
        let after = cache.shard(&before.job, before.index).copied();
        drop(cache);
        let Some(after) = after else { return Ok(()) };
        let left = before.seats.iter().filter(|seat| seat.is_live());
        let gone = left.filter(|seat| !after.seats.iter().any(|s| s.provider == seat.provider));
        for seat in gone {
            self.submissions
                .record_failure(before.job, before.index, seat.provider, LATE)
                .await?;
        }
        Ok(())
    }
}
