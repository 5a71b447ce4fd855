//! The loop that ties the parts together: wake, plan, act.

use crate::act::Executor;
use crate::agents::Agents;
use crate::api;
use crate::blobs::Blobs;
use crate::config::Config;
use crate::desk::{Desk, Papers};
use crate::error::OrchestratorError;
use crate::events::Events;
use crate::leases::{Bucket, Held};
use crate::plan::{Action, Situation, Waits, plan, to_be_final, why_not};
use crate::readiness::Readiness;
use crate::store::{MemberJournal, Scope, Store};
use crate::tenure::Tenure;
use crate::tenure::keeper::Keeper;
use crate::view;
use millrace_chain::feed::Feed;
use millrace_chain::finals::Finals;
use millrace_chain::instruction::Mints;
use millrace_chain::payer::Payer;
use millrace_chain::program::state::{Job, Orchestrator};
use millrace_chain::rpc::Rpc;
use millrace_chain::sender::{Policy, Sender};
use millrace_chain::{Pubkey, address};
use millrace_protocol::hash::Digest;
use millrace_protocol::view::{JobView, QuoteRequest};
use serde::Serialize;
use solana_sdk::signature::Signer;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

/// The plan is made at least this often: windows end without any event.
const TICK: Duration = Duration::from_millis(250);
/// Changes that come close together are planned for once.
const GATHER: Duration = Duration::from_millis(5);
/// A plan that took long is followed by a longer rest: planning leaves most of a core to others.
const REST_PER_PLAN: u32 = 3;
/// Jobs on chain that a list shows.
const MOST_JOBS: usize = 1_000;
/// Jobs of the past that a list shows.
const PAST_JOBS: u32 = 200;
/// How often the payer's balance is read.
const BALANCE_EVERY: Duration = Duration::from_secs(5);
/// A picture older than this is not healthy.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// A running orchestrator.
pub struct Handle {
    /// Where its API is: `http://127.0.0.1:port`.
    pub url: String,
    task: JoinHandle<Result<(), OrchestratorError>>,
}

impl Handle {
    /// Waits until it has stopped.
    pub async fn join(self) -> Result<(), OrchestratorError> {
        // A panic of the task is passed on as it is.
        match self.task.await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Its health, for people and probes.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    /// ok or degraded.
    pub status: &'static str,
    /// What is wrong, where something is.
    pub problems: Vec<String>,
    /// Id of the network.
    pub network_id: String,
    /// Genesis of the cluster.
    pub genesis: String,
    /// The orchestrator's key.
    pub key: String,
    /// Newest slot seen.
    pub slot: u64,
    /// Connected agents.
    pub agents: usize,
    /// Jobs on chain.
    pub jobs: usize,
    /// Leases held, where several orchestrators share the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leases: Option<usize>,
    /// The name under which they are held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub member: String,
    /// Lamports of the key, which pays fees and rent.
    pub payer_lamports: u64,
}

/// What the loop and the API share.
#[derive(Clone)]
pub struct Service {
    rpc: Rpc,
    me: Pubkey,
    network_id: String,
    genesis: String,
    feed: Feed,
    finals: Finals,
    sender: Sender,
    payer: Payer,
    events: Events,
    stop: CancellationToken,
    desk: Desk,
    blobs: Blobs,
    store: Arc<Store>,
    tenure: Tenure,
    keeper: Keeper,
    agents: Agents,
    executor: Executor,
    close_after: Duration,
    finished: Arc<Mutex<HashMap<Pubkey, Instant>>>,
    readiness: Readiness,
}

/// Starts an orchestrator: checks the network, its registration and its store, sees through what an
/// earlier run left open, and listens.
///
/// # Errors
/// Whatever keeps it from starting, by name; nothing is sent before all checks have passed.
pub async fn start(config: Config, stop: CancellationToken) -> Result<Handle, OrchestratorError> {
    let rpc = Rpc::new(&config.rpc_url, &config.ws_url);
    if let Some(expected) = &config.chain.genesis {
        rpc.require_genesis(expected).await?;
    }
    let network = rpc.network().await?;
    if let Some(expected) = &config.chain.program_hash {
        rpc.require_program(expected).await?;
    }
    let genesis = rpc.genesis().await?;
    let me = config.key.pubkey();
    let registration: Option<Orchestrator> = rpc.find(&address::orchestrator(&me)).await?;
    if !registration.is_some_and(|found| found.is_active()) {
        return Err(OrchestratorError::NotRegistered(me.to_string()));
    }
    let network_id = hex::encode(network.network_id);
    let in_folder = |reason| OrchestratorError::File {
        path: config.data.clone(),
        reason,
    };
    std::fs::create_dir_all(&config.data).map_err(in_folder)?;
    let store = Arc::new(Store::open(&config.store_place(), &network_id).await?);
    store.require_genesis(&genesis).await?;
    let blobs = Blobs::open(&config.blob_place()).await?;
    let listener =
        TcpListener::bind(config.listen)
            .await
            .map_err(|error| OrchestratorError::Listen {
                address: config.listen.to_string(),
                reason: error.to_string(),
            })?;
    let local = listener.local_addr().map_err(in_folder)?;

    let tenure = match store.is_shared() {
        true => Tenure::shared(),
        false => Tenure::whole(),
    };
    let feed = Feed::new(rpc.clone());
    let desk = Desk::new(store.clone(), tenure.clone(), feed.clone());
    let finals = Finals::new(rpc.clone());
    let policy = Policy::service(config.chain.fees);
    let journal = MemberJournal::new(store.clone(), tenure.clone());
    let sender = Sender::with_policy(rpc.clone(), Arc::new(journal), policy);
    if !store.is_shared() {
        sender.recover().await?;
        desk.take_over(store.load_papers(Scope::All).await?);
    }
    let payer = Payer::new(me, config.chain.payer_floor);
    payer.read(&rpc).await?;
    let events = Events::new(rpc.clone(), store.clone());
    let agents = Agents::new(
        desk.clone(),
        feed.clone(),
        blobs.clone(),
        (network.network_id, &genesis),
        stop.clone(),
    );
    let mints = Mints::from(&network);
    let purse = mints.stake_account(&me);
    let bounty = rpc.token_balance(&purse).await?.map(|_| purse);
    let key = Arc::new(config.key);
    let executor = Executor::new(
        sender.clone(),
        key,
        (mints, bounty),
        payer.clone(),
        feed.clone(),
        desk.clone(),
        agents.clone(),
    );
    let readiness = Readiness::new(blobs.clone(), desk.clone());
    let keeper = Keeper {
        tenure: tenure.clone(),
        store: store.clone(),
        desk: desk.clone(),
        sender: sender.clone(),
        executor: executor.clone(),
        feed: feed.clone(),
        key: me,
    };
    let service = Service {
        rpc,
        me,
        network_id,
        genesis,
        feed,
        finals,
        sender,
        payer,
        events,
        stop: stop.clone(),
        desk,
        blobs,
        store,
        tenure,
        keeper,
        agents,
        executor,
        close_after: config.close_after,
        finished: Arc::default(),
        readiness,
    };
    service.feed.read_all().await;
    let url = format!("http://{local}");
    info!(url, key = %me, "orchestrator started");
    let task = tokio::spawn(service.run(listener, config.reread, stop));
    Ok(Handle { url, task })
}

impl Service {
    async fn run(
        self,
        listener: TcpListener,
        reread: Duration,
        stop: CancellationToken,
    ) -> Result<(), OrchestratorError> {
        let feed = self.feed.clone();
        let watching = tokio::spawn({
            let stop = stop.clone();
            async move { feed.run(reread, stop).await }
        });
        let minding = tokio::spawn(self.clone().keep_minding(reread, stop.clone()));
        let planning = tokio::spawn(self.clone().keep_planning(stop.clone()));
        let keeping = tokio::spawn({
            let (keeper, stop, shared) =
                (self.keeper.clone(), stop.clone(), self.store.is_shared());
            async move {
                if shared {
                    keeper.run(stop).await;
                }
            }
        });
        let (keeper, store) = (self.keeper.clone(), self.store.clone());
        let router = api::router(self.clone());
        let ended = stop.clone();
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async move { ended.cancelled().await });
        let result = tokio::select! {
            result = served => result,
            // Open websockets would keep a graceful end waiting.
            () = async { stop.cancelled().await; tokio::time::sleep(GATHER).await } => Ok(()),
        };
        stop.cancel();
        // All end by the token; a panic there has been logged by the runtime.
        let _ = tokio::join!(watching, planning, keeping, minding);
        keeper.leave().await;
        store.close().await;
        result.map_err(|reason| OrchestratorError::File {
            path: "the API".into(),
            reason,
        })
    }

    /// Keeps what the plan does not wait for: what is final, what was sent, what happened, what is left.
    async fn keep_minding(self, reread: Duration, stop: CancellationToken) {
        let balance = async {
            loop {
                if let Err(error) = self.payer.read(&self.rpc).await {
                    debug!(%error, "the payer's balance could not be read");
                }
                tokio::time::sleep(BALANCE_EVERY).await;
            }
        };
        tokio::select! {
            () = balance => {}
            _ = async {
                tokio::join!(
                    self.finals.run(stop.clone()),
                    self.sender.follow(stop.clone()),
                    self.events.keep(reread, stop.clone()),
                )
            } => {}
        }
    }

    async fn keep_planning(self, stop: CancellationToken) {
        let mut chain = self.feed.changes();
        let mut desk = self.desk.changes();
        let mut agents = self.agents.changes();
        let mut acts = self.executor.changes();
        let mut blobs = self.readiness.arrivals();
        let mut leases = self.tenure.changes();
        while !stop.is_cancelled() {
            let began = Instant::now();
            self.readiness.look(self.feed.picture()).await;
            self.plan_once().await;
            let rest = GATHER.max(began.elapsed() * REST_PER_PLAN);
            tokio::select! {
                () = stop.cancelled() => break,
                _ = chain.changed() => {}
                _ = desk.changed() => {}
                _ = agents.changed() => {}
                _ = acts.changed() => {}
                _ = blobs.changed() => {}
                _ = leases.changed() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            // The first change is planned for at once, those that come close behind it together.
            tokio::time::sleep_until((began + rest).into()).await;
        }
        self.executor.finish().await;
    }

    async fn plan_once(&self) {
        let look = |situation: &Situation| (plan(situation), to_be_final(situation));
        let Some((actions, to_be_final)) = self.with_situation(look).await else {
            return;
        };
        self.finals.want(to_be_final);
        for action in &actions {
            if let Action::CloseJob { job, .. } = action {
                self.archive(job).await;
            }
        }
        self.executor.start(actions).await;
    }

    /// Why a job of these terms could not be placed now; empty where it could.
    pub async fn why_not(&self, terms: &QuoteRequest) -> Result<Vec<String>, OrchestratorError> {
        let look = |situation: &Situation| why_not(situation, terms);
        let told = self.with_situation(look).await;
        Ok(told.unwrap_or_else(|| vec!["the chain has not been read yet".to_owned()]))
    }

    /// Calls `look` with everything a plan depends on; `None` before the chain's time is known.
    async fn with_situation<T>(&self, look: impl FnOnce(&Situation) -> T) -> Option<T> {
        let now = self.feed.now()?;
        let finals = self.finals.picture().read().await;
        let picture = self.feed.picture().read().await;
        let (busy, reserved) = self.executor.busy();
        let agents = self.agents.views();
        let closable = self.closable(picture.jobs());
        let held = self.tenure.held();
        let papers = self.desk.read();
        Some(look(&Situation {
            picture: &picture,
            finals: &finals,
            me: self.me,
            now,
            slot: picture.slot().max(self.feed.slot()),
            agents: &agents,
            papers: &papers,
            busy: &busy,
            reserved: &reserved,
            closable: &closable,
            room: self.executor.room(),
            held: &held,
        }))
    }

    /// Finished jobs that have stood long enough for their clients to look at.
    fn closable(&self, jobs: &HashMap<Pubkey, Job>) -> HashSet<Pubkey> {
        // A poisoned lock still holds whole entries.
        let mut finished = self
            .finished
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        finished.retain(|key, _| jobs.contains_key(key));
        for (key, _) in jobs.iter().filter(|(_, job)| job.is_finished()) {
            finished.entry(*key).or_insert_with(Instant::now);
        }
        let due = finished
            .iter()
            .filter(|(_, since)| since.elapsed() >= self.close_after);
        due.map(|(key, _)| *key).collect()
    }

    async fn archive(&self, job: &Pubkey) {
        let Ok(Some(view)) = self.job(job).await else {
            return;
        };
        let kept = match serde_json::to_string(&view.closed()) {
            Ok(text) => self.store.put_view(&job.to_string(), &text).await,
            Err(error) => return warn!(%job, %error, "the last view of a job has no text"),
        };
        if let Err(error) = kept {
            warn!(%job, %error, "the last view of a job could not be kept");
        }
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The agents.
    pub fn agents(&self) -> &Agents {
        &self.agents
    }

    /// A blob has come: a job may wait for it.
    pub fn blob_arrived(&self, name: Digest) {
        self.readiness.arrived(name);
    }

    /// A job that is on chain, or the last view of one that was.
    pub async fn job(&self, key: &Pubkey) -> Result<Option<JobView>, OrchestratorError> {
        let stored = self.papers_of_others(&[*key]).await?;
        let look = |situation: &Situation| {
            let job = situation.picture.jobs().get(key)?;
            let waits = Waits::new(situation);
            Some(view_of(situation, &waits, &stored, (*key, job)))
        };
        if let Some(view) = self.with_situation(look).await.flatten() {
            return Ok(Some(view));
        }
        let kept = self.store.view(&key.to_string()).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Jobs on chain, newest first, then those of the past.
    pub async fn jobs(&self) -> Result<Vec<JobView>, OrchestratorError> {
        let all: Vec<Pubkey> = {
            let picture = self.feed.picture().read().await;
            let mut jobs: Vec<_> = picture.jobs().iter().collect();
            jobs.sort_by_key(|(key, job)| (std::cmp::Reverse(job.posted_at), **key));
            let newest = jobs.into_iter().take(MOST_JOBS);
            newest.map(|(key, _)| *key).collect()
        };
        let stored = self.papers_of_others(&all).await?;
        let look = |situation: &Situation| {
            let mut jobs: Vec<_> = situation.picture.jobs().iter().collect();
            jobs.sort_by_key(|(key, job)| (std::cmp::Reverse(job.posted_at), **key));
            let waits = Waits::new(situation);
            jobs.into_iter()
                .take(MOST_JOBS)
                .map(|(key, job)| view_of(situation, &waits, &stored, (*key, job)))
                .collect()
        };
        let mut views: Vec<JobView> = self.with_situation(look).await.unwrap_or_default();
        let shown: HashSet<String> = views.iter().map(|view| view.job.clone()).collect();
        for text in self.store.views(PAST_JOBS).await? {
            let past: Option<JobView> = serde_json::from_str(&text).ok();
            views.extend(past.filter(|view| !shown.contains(&view.job)));
        }
        Ok(views)
    }

    /// Cancelled when the orchestrator ends.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// What happened.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// What other orchestrators have stored about their jobs, for whoever asks this one.
    async fn papers_of_others(
        &self,
        jobs: &[Pubkey],
    ) -> Result<HashMap<Pubkey, Papers>, OrchestratorError> {
        let held = self.tenure.held();
        let others: Vec<Pubkey> = {
            let picture = self.feed.picture().read().await;
            let other = |key: &&Pubkey| {
                let job = picture.jobs().get(key);
                job.is_some_and(|job| !held.has(&Bucket::of(job)))
            };
            jobs.iter().filter(other).copied().collect()
        };
        let load = async |job: Pubkey| {
            let papers = self.store.load_papers(Scope::Job(&job)).await?;
            Ok::<_, OrchestratorError>((job, papers))
        };
        let loaded = futures_util::future::try_join_all(others.into_iter().map(load));
        Ok(loaded.await?.into_iter().collect())
    }

    /// How it is doing, honestly.
    pub async fn health(&self) -> Health {
        let mut problems = Vec::new();
        if !self.feed.is_fresh(STALE_AFTER) {
            problems.push(format!("nothing was read from {} lately", self.rpc.url()));
        }
        if let Err(error) = self.payer.require_rent() {
            problems.push(error.to_string());
        }
        problems.extend(self.tenure.problem().map(str::to_owned));
        let payer_lamports = match self.rpc.lamports(&self.me).await {
            Ok(lamports) => lamports,
            Err(error) => {
                problems.push(error.to_string());
                0
            }
        };
        let picture = self.feed.picture().read().await;
        Health {
            status: if problems.is_empty() {
                "ok"
            } else {
                "degraded"
            },
            problems,
            network_id: self.network_id.clone(),
            genesis: self.genesis.clone(),
            key: self.me.to_string(),
            slot: picture.slot().max(self.feed.slot()),
            agents: self.agents.views().len(),
            jobs: picture.jobs().len(),
            leases: match self.tenure.held() {
                Held::All => None,
                Held::Only(buckets) => Some(buckets.len()),
            },
            member: self.tenure.member(),
            payer_lamports,
        }
    }
}

/// The view of a job, by what is stored about it where another orchestrator holds it.
fn view_of(
    situation: &Situation,
    waits: &Waits,
    stored: &HashMap<Pubkey, Papers>,
    (key, job): (Pubkey, &Job),
) -> JobView {
    let papers = stored.get(&key).unwrap_or(situation.papers);
    let seen = Situation {
        papers,
        ..*situation
    };
    view::of_job(&seen, waits, key, job)
}
