//! Executes plans: transactions, messages to agents and writes to the store. Actions with the same
//! [`ConflictKey`] are never in flight together, and a failed action is retried after a growing pause.

mod batch;
mod dispatch;
mod in_flight;
mod instructions;
mod sender;

use crate::agents::Agents;
use crate::error::OrchestratorError;
use crate::leases::fence::LeaseTokens;
use crate::leases::partition::Partition;
use crate::observability::metrics::Metrics;
use crate::planner::{ChainAction, ConflictKey, Plan};
use crate::store::StoreError;
use crate::submissions::cache::SubmissionStore;
use crate::submissions::model::SeatKey;
use batch::{BatchItem, pack};
use dispatch::Dispatcher;
use futures_util::future::{join_all, try_join_all};
use in_flight::{InFlight, InFlightTable};
use instructions::InstructionBuilder;
use millrace_client::cache::subscription::Feed;
use millrace_client::instructions::Mints;
use millrace_client::program::state::Shard;
use millrace_client::tx::payer::Payer;
use millrace_client::{Pubkey, failpoint};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, info, info_span, warn};

pub(crate) use dispatch::pending_dispatches;
pub(crate) use in_flight::{ActionCounts, Busy};
pub(crate) use sender::{FencedSender, instrumented};

/// Why a provider that dropped out of a shard is not assigned to it again.
const DROPPED_OUT: &str = "it did not deliver in time";

/// What an executor works with.
pub(crate) struct ExecutorParts {
    pub sender: FencedSender,
    /// The balance of `key`.
    pub payer: Payer,
    /// Signs and pays.
    pub key: Arc<Keypair>,
    pub mints: Mints,
    pub feed: Feed,
    pub submissions: SubmissionStore,
    pub agents: Agents,
    pub metrics: Metrics,
}

/// Executes plans in the background. Clones share their state.
#[derive(Clone)]
pub(crate) struct Executor {
    sender: FencedSender,
    payer: Payer,
    key: Arc<Keypair>,
    feed: Feed,
    submissions: SubmissionStore,
    metrics: Metrics,
    instructions: InstructionBuilder,
    dispatcher: Dispatcher,
    actions: InFlightTable,
    tasks: TaskTracker,
    /// Cancelled when the tasks that still run are given up.
    abort: CancellationToken,
    changes: watch::Sender<u64>,
}

impl Executor {
    pub(crate) fn new(parts: ExecutorParts) -> Self {
        Self {
            instructions: InstructionBuilder {
                orchestrator: parts.key.pubkey(),
                mints: parts.mints,
                feed: parts.feed.clone(),
            },
            dispatcher: Dispatcher::new(parts.agents, parts.submissions.clone()),
            sender: parts.sender,
            payer: parts.payer,
            key: parts.key,
            feed: parts.feed,
            submissions: parts.submissions,
            metrics: parts.metrics,
            actions: InFlightTable::default(),
            tasks: TaskTracker::new(),
            abort: CancellationToken::new(),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that increases when actions end.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What a plan must not start again now.
    pub(crate) fn busy(&self) -> Busy {
        self.actions.busy(Instant::now())
    }

    pub(crate) fn counts(&self) -> ActionCounts {
        self.actions.counts()
    }

    /// How many more chain actions may start.
    pub(crate) fn room(&self) -> usize {
        self.actions.room()
    }

    /// Records which seats wait for their task, and since when, according to a plan made at `planned_at`.
    pub(crate) fn expect_dispatches(&self, pending: Vec<(SeatKey, Instant)>, planned_at: Instant) {
        self.dispatcher.expect(pending, planned_at);
    }

    /// Starts a plan and returns at once: transactions and writes continue in the background. `tokens` are
    /// the leases that were held before the plan's snapshot was read.
    pub(crate) fn start(&self, plan: Plan, tokens: LeaseTokens) {
        for message in plan.messages {
            self.dispatcher.send_to_agent(message);
        }
        if !plan.chain.is_empty() {
            let started = plan.chain.into_iter();
            let started: Vec<InFlight> = started.map(|action| self.actions.start(action)).collect();
            let this = self.clone();
            self.spawn(async move { this.send(started, &tokens).await });
        }
        let writes = plan.writes.into_iter();
        let writes: Vec<_> = writes
            .filter(|write| self.dispatcher.start_write(write))
            .collect();
        if !writes.is_empty() {
            let dispatcher = self.dispatcher.clone();
            // Concurrently, so that all of them wait for the disk once.
            self.spawn(async move {
                join_all(writes.into_iter().map(|write| dispatcher.persist(write))).await;
            });
        }
    }

    /// Runs a task in the background. [`Executor::drain`] waits for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = abort.cancelled() => {}
            }
        });
    }

    /// Waits until all tasks have ended, for `limit` at most. Aborts those that have not and returns the
    /// chain actions among them.
    pub(crate) async fn drain(&self, limit: Duration) -> Vec<String> {
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_ok() {
            return Vec::new();
        }
        let unfinished = self.actions.purposes();
        self.abort.cancel();
        self.tasks.wait().await;
        unfinished
    }

    /// Builds and packs the transactions of actions and submits each in the background.
    async fn send(&self, started: Vec<InFlight>, tokens: &LeaseTokens) {
        let mut items = Vec::new();
        for mut action in started {
            if let Err(error) = self.require_rent(&action.action) {
                self.finish(&action, Err(&error), true);
                continue;
            }
            let Some(instructions) = self.instructions.build(&action.action).await else {
                self.finish(&action, Ok(()), true);
                continue;
            };
            let Some(partition) = self.partition_of(action.action.key().job()).await else {
                // The job's account is gone.
                self.finish(&action, Ok(()), true);
                continue;
            };
            action.fence = tokens.fence(partition);
            if action.fence.is_none() {
                let lost = StoreError::LeaseLost {
                    partition: partition.to_string(),
                };
                self.finish(&action, Err(&lost.into()), true);
                continue;
            }
            action.before = self.current_shard(action.action.key()).await;
            items.push(BatchItem {
                alone: action.failures > 0,
                action,
                instructions,
            });
        }
        for batch in pack(&self.key.pubkey(), items) {
            let this = self.clone();
            self.spawn(async move { this.execute_batch(batch).await });
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// New assignments lock rent in shard accounts. Every other action costs a fee at most.
    fn require_rent(&self, action: &ChainAction) -> Result<(), OrchestratorError> {
        if matches!(action, ChainAction::Assign { .. }) {
            self.payer.require_rent()?;
        }
        Ok(())
    }

    /// Executes the actions of one transaction.
    async fn execute_batch(&self, batch: Vec<BatchItem<InFlight>>) {
        let alone = batch.len() == 1;
        let (mut actions, mut instructions) = (Vec::new(), Vec::new());
        for item in batch {
            actions.push(item.action);
            instructions.extend(item.instructions);
        }
        let result = self.submit(&actions, &instructions).await;
        for action in &actions {
            match &result {
                Ok(()) => {
                    let recorded = self.record_dropouts(action).await;
                    self.finish(action, recorded.as_ref().copied(), alone);
                }
                Err(error) if alone && self.is_already_done(&action.action, error).await => {
                    self.finish(action, Ok(()), alone);
                }
                Err(error) => self.finish(action, Err(error), alone),
            }
        }
        self.changes.send_modify(|count| *count += 1);
    }

    /// Sends one transaction and follows it until it is confirmed or has failed.
    async fn submit(
        &self,
        actions: &[InFlight],
        instructions: &[Instruction],
    ) -> Result<(), OrchestratorError> {
        let purposes: Vec<String> = actions.iter().map(|one| one.action.to_string()).collect();
        let purpose = purposes.join(", ");
        let fences = actions.iter().filter_map(|one| one.fence.clone()).collect();
        // Concurrently, so that all of them wait for the disk once.
        try_join_all(actions.iter().map(|one| self.write_ahead(&one.action))).await?;
        for one in actions {
            failpoint::before("action", one.action.kind());
        }
        let sent = self
            .sender
            .send(fences, &purpose, instructions, &[&self.key])
            .instrument(info_span!("transaction", purpose))
            .await;
        for one in actions {
            failpoint::after("action", one.action.kind());
        }
        // Even a failed transaction may have landed: the accounts are read before the next plan.
        let touched: BTreeSet<Pubkey> = actions.iter().flat_map(InFlight::touched).collect();
        let touched: Vec<Pubkey> = touched.into_iter().collect();
        let slot = sent.as_ref().map_or(0, |landed| landed.slot);
        let read = self.feed.refresh_after(&touched, slot).await;
        let landed = sent?;
        let (slot, units) = (landed.slot, landed.compute_units);
        for one in actions {
            let (key, action) = (one.action.key(), &one.action);
            let (job, shard, signature) = (key.job(), key.shard(), &landed.signature);
            info!(%action, %job, shard, %signature, slot, units, "action landed");
        }
        Ok(read?)
    }

    /// Persists facts that the chain will not retain, before the transaction is sent. When a seat expires
    /// we record the late provider; otherwise a crash after the seat is freed would let us assign it to the
    /// same provider again. When seats are assigned we record the selection, so that the job can be
    /// audited.
    async fn write_ahead(&self, action: &ChainAction) -> Result<(), OrchestratorError> {
        match action {
            ChainAction::ExpireSeat {
                job,
                shard,
                provider,
                ..
            } => {
                let recorded =
                    self.submissions
                        .record_failure(*job, *shard, *provider, DROPPED_OUT);
                Ok(recorded.await?)
            }
            ChainAction::Assign { job, selection, .. } => {
                Ok(self.submissions.record_selection(job, selection).await?)
            }
            _ => Ok(()),
        }
    }

    /// Ends an action: removes it or schedules its retry.
    fn finish(&self, action: &InFlight, result: Result<(), &OrchestratorError>, alone: bool) {
        let key = action.action.key();
        let Err(error) = result else {
            self.actions.succeeded(key);
            return;
        };
        self.metrics.act_failed(error);
        let failures = self.actions.failed(key, alone, Instant::now());
        let (job, shard, action) = (key.job(), key.shard(), &action.action);
        warn!(%action, %job, shard, %error, failures, alone, "action failed; retrying");
        debug!(?action, "failed action");
    }

    /// Whether a refused action has nothing left to do, because another key's transaction did the same.
    async fn is_already_done(&self, action: &ChainAction, error: &OrchestratorError) -> bool {
        let OrchestratorError::Chain(error) = error else {
            return false;
        };
        let ChainAction::CloseJob { job, .. } = action else {
            return false;
        };
        error.refusal().is_some() && !self.feed.cache().read().await.jobs().contains_key(job)
    }

    async fn partition_of(&self, job: Pubkey) -> Option<Partition> {
        let cache = self.feed.cache().read().await;
        cache.jobs().get(&job).map(Partition::of)
    }

    async fn current_shard(&self, key: ConflictKey) -> Option<Shard> {
        let ConflictKey::Shard(job, index) = key else {
            return None;
        };
        let cache = self.feed.cache().read().await;
        cache.shard(&job, index).copied()
    }

    /// Records which providers have left a shard without a result, by comparison with the shard before the
    /// action.
    async fn record_dropouts(&self, action: &InFlight) -> Result<(), OrchestratorError> {
        let Some(before) = &action.before else {
            return Ok(());
        };
        let key = action.action.key();
        let Some(after) = self.current_shard(key).await else {
            return Ok(());
        };
        let live = before.seats.iter().filter(|seat| seat.is_live());
        let stayed = |provider| after.seats.iter().any(|seat| seat.provider == provider);
        for seat in live.filter(|seat| !stayed(seat.provider)) {
            let (job, shard) = (before.job, before.index);
            self.submissions
                .record_failure(job, shard, seat.provider, DROPPED_OUT)
                .await?;
        }
        Ok(())
    }
}
