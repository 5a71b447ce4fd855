//! Carries out what was planned: transactions and dispatches. Acts of the same key never run together,
//! and one that failed is tried again later and later.

mod transactions;

use crate::agents::Agents;
use crate::desk::Desk;
use crate::error::OrchestratorError;
use crate::plan::{ActKey, Action};
use millrace_chain::feed::Feed;
use millrace_chain::instruction::Mints;
use millrace_chain::program::state::Shard;
use millrace_chain::sender::Sender;
use millrace_chain::{ChainError, Pubkey, address};
use millrace_protocol::wire::ToAgent;
use solana_sdk::signature::Keypair;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Carries out actions.
#[derive(Clone)]
pub struct Executor {
    sender: Sender,
    key: Arc<Keypair>,
    mints: Mints,
    /// Where bounties go: the key's token account of the stake mint, where it has one.
    bounty: Option<Pubkey>,
    feed: Feed,
    desk: Desk,
    agents: Agents,
    acts: Arc<Mutex<HashMap<ActKey, Act>>>,
    tasks: TaskTracker,
    changes: watch::Sender<u64>,
}

/// An act that is under way, or waits after a failure.
struct Act {
    reserved: Vec<Pubkey>,
    running: bool,
    failures: u32,
    again_at: Instant,
}

impl Executor {
    /// An executor with nothing under way.
    pub fn new(
        sender: Sender,
        key: Arc<Keypair>,
        (mints, bounty): (Mints, Option<Pubkey>),
        feed: Feed,
        desk: Desk,
        agents: Agents,
    ) -> Self {
        Self {
            sender,
            key,
            mints,
            bounty,
            feed,
            desk,
            agents,
            acts: Arc::default(),
            tasks: TaskTracker::new(),
            changes: watch::Sender::new(0),
        }
    }

    /// A counter that rises when an act has ended.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn acts(&self) -> MutexGuard<'_, HashMap<ActKey, Act>> {
        // A poisoned lock still holds whole acts: each change is a single insert or remove.
        self.acts
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Acts that must not be planned now, and the providers reserved by those under way.
    pub fn busy(&self) -> (HashSet<ActKey>, Vec<Pubkey>) {
        let now = Instant::now();
        let acts = self.acts();
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

    /// Starts an action. Acts on chain go on in the background.
    pub fn start(&self, action: Action) {
        match action.key() {
            Some(key) => self.start_act(key, action),
            None => self.tell(action),
        }
    }

    /// Waits until every act under way has ended.
    pub async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn tell(&self, action: Action) {
        match action {
            Action::Run { provider, task } => {
                let (job, shard) = (Pubkey::new_from_array(task.job.0), task.shard);
                if self.agents.tell(&provider, ToAgent::Run { task }) {
                    debug!(%provider, %job, shard, "dispatched");
                }
            }
            Action::AskReveal { seat } => {
                let (shard, attempt) = (seat.shard, seat.attempt);
                let reveal = ToAgent::Reveal {
                    job: seat.job.to_bytes().into(),
                    shard,
                    attempt,
                };
                self.agents.tell(&seat.provider, reveal);
            }
            Action::Release { seat, outcome } => {
                let (shard, attempt) = (seat.shard, seat.attempt);
                let job = seat.job.to_bytes().into();
                self.agents.tell(
                    &seat.provider,
                    ToAgent::Release {
                        job,
                        shard,
                        attempt,
                        outcome,
                    },
                );
                if let Err(error) = self.desk.drop_seat(&seat) {
                    warn!(%error, "a finished seat could not be dropped");
                }
            }
            Action::File {
                job,
                shard,
                outcome,
            } => {
                if let Err(error) = self.desk.file(job, shard, outcome) {
                    warn!(%error, %job, shard, "a result could not be filed");
                }
            }
            _ => {}
        }
    }

    fn start_act(&self, key: ActKey, action: Action) {
        let reserved = match &action {
            Action::Assign { providers, .. } => providers.clone(),
            _ => Vec::new(),
        };
        {
            let mut acts = self.acts();
            let failures = acts.get(&key).map_or(0, |act| act.failures);
            let again_at = Instant::now();
            acts.insert(
                key,
                Act {
                    reserved,
                    running: true,
                    failures,
                    again_at,
                },
            );
        }
        let this = self.clone();
        self.tasks.spawn(async move {
            let result = this.carry_out(&action).await;
            this.end_act(key, &action, result);
        });
    }

    fn end_act(&self, key: ActKey, action: &Action, result: Result<(), OrchestratorError>) {
        let mut acts = self.acts();
        match result {
            Ok(()) => drop(acts.remove(&key)),
            Err(error) => {
                if let Some(act) = acts.get_mut(&key) {
                    act.running = false;
                    act.failures += 1;
                    let pause = FIRST_PAUSE.saturating_mul(1 << act.failures.min(6));
                    act.again_at = Instant::now() + pause.min(LONGEST_PAUSE);
                    warn!(%error, ?action, failures = act.failures, "an act failed");
                }
            }
        }
        drop(acts);
        self.changes.send_modify(|count| *count += 1);
    }

    async fn carry_out(&self, action: &Action) -> Result<(), OrchestratorError> {
        let before = self.shard_of(action).await;
        let Some((purpose, instructions)) = self.transaction(action).await? else {
            return Ok(());
        };
        let sent = self
            .sender
            .send(&purpose, &instructions, &[&self.key])
            .await;
        // Whatever became of it: the chain is read before anything is planned anew.
        self.feed.refresh(&touched(action, before.as_ref())).await?;
        match sent {
            Ok(landed) => info!(signature = %landed.signature, cu = landed.compute_units, purpose),
            Err(error) if self.is_done(action, &error).await => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(before) = before {
            self.learn(&before).await?;
        }
        Ok(())
    }

    /// A refusal whose cause has gone in the meantime (somebody else cranked it) is no failure.
    async fn is_done(&self, action: &Action, error: &ChainError) -> bool {
        if error.refusal().is_none() {
            return false;
        }
        let picture = self.feed.picture().read().await;
        match action {
            Action::CloseJob { job, .. } => !picture.jobs().contains_key(job),
            _ => false,
        }
    }

    async fn shard_of(&self, action: &Action) -> Option<Shard> {
        let Some(ActKey::Shard(job, index)) = action.key() else {
            return None;
        };
        let picture = self.feed.picture().read().await;
        picture.shard(&job, index).copied()
    }

    /// Compares a shard with what it was, and remembers who left it without a result.
    async fn learn(&self, before: &Shard) -> Result<(), OrchestratorError> {
        let picture = self.feed.picture().read().await;
        let after = picture.shard(&before.job, before.index).copied();
        drop(picture);
        let Some(after) = after else { return Ok(()) };
        let left = before.seats.iter().filter(|seat| seat.is_live());
        let gone = left.filter(|seat| !after.seats.iter().any(|s| s.provider == seat.provider));
        for seat in gone {
            self.desk
                .fail(before.job, before.index, seat.provider, "it was late there")?;
        }
        Ok(())
    }
}

/// Accounts that an action changes.
fn touched(action: &Action, before: Option<&Shard>) -> Vec<Pubkey> {
    let mut keys = Vec::new();
    match action.key() {
        Some(ActKey::Shard(job, index)) => keys.extend([job, address::shard(&job, index)]),
        Some(ActKey::Job(job)) => keys.push(job),
        None => {}
    }
    match action {
        Action::Assign { providers, .. } => keys.extend(providers),
        Action::CloseJob { shards, .. } => keys.extend(shards.iter().map(|(shard, _)| shard)),
        _ => {}
    }
    let seats = before.into_iter().flat_map(|shard| shard.seats.iter());
    keys.extend(
        seats
            .filter(|seat| seat.is_live())
            .map(|seat| seat.provider),
    );
    keys
}
