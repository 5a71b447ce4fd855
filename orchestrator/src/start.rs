//! Starts an orchestrator: checks its surroundings, assembles its parts and runs them until it is stopped.

use crate::agents::{Agents, AgentsConfig};
use crate::api;
use crate::api::state::ApiState;
use crate::background::Background;
use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::config::Config;
use crate::error::OrchestratorError;
use crate::events::Events;
use crate::executor::{Executor, ExecutorParts, FencedSender, instrumented};
use crate::heartbeat::Heartbeat;
use crate::jobs::archive::Archive;
use crate::jobs::closable::ClosableJobs;
use crate::jobs::manifests::ManifestTracker;
use crate::jobs::queries::JobQueries;
use crate::leases::manager::LeaseManager;
use crate::leases::set::LeaseSet;
use crate::observability::debug_stats::DebugStatsSource;
use crate::observability::metrics::Metrics;
use crate::observability::probe::Probe;
use crate::observability::status::{OrchestratorIdentity, Status};
use crate::service::Service;
use crate::snapshots::SnapshotSource;
use crate::store::{MemberJournal, Scope, Store};
use crate::submissions::cache::SubmissionStore;
use crate::submissions::gc::JobGc;
use axum::Router;
use millrace_client::cache::finalized::FinalizedCache;
use millrace_client::cache::subscription::Feed;
use millrace_client::compatibility;
use millrace_client::instructions::Mints;
use millrace_client::pda;
use millrace_client::program::state::Orchestrator;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::payer::Payer;
use millrace_client::tx::policy::SendPolicy;
use millrace_client::tx::sender::Sender;
use solana_sdk::signature::Signer;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// A running orchestrator.
pub struct Handle {
    /// Base URL of the API: `http://127.0.0.1:port`.
    pub url: String,
    task: JoinHandle<ShutdownReport>,
}

/// What a shutdown left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Chain actions that did not end within the shutdown timeout. The journal holds their transactions, and
    /// the next start resumes them.
    pub unfinished: Vec<String>,
}

impl Handle {
    /// Waits until the orchestrator has stopped.
    ///
    /// # Panics
    /// If the orchestrator panicked.
    pub async fn join(self) -> ShutdownReport {
        match self.task.await {
            Ok(report) => report,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Starts an orchestrator, which runs until `stop`. Transactions that an earlier run left open are resumed
/// first, unless other orchestrators use the store: then the holder of the lease resumes them.
///
/// # Errors
/// If the cluster, the program, the key's registration, the store, the blobs or the address do not pass
/// their checks. Nothing is sent before all of them have passed.
pub async fn start(config: Config, stop: CancellationToken) -> Result<Handle, OrchestratorError> {
    let rpc = Rpc::new(&config.rpc_url, &config.ws_url);
    let me = config.key.pubkey();
    if let Some(expected) = &config.chain.genesis {
        rpc.require_genesis(expected).await?;
    }
    let network = compatibility::supported_network(&rpc).await?;
    if let Some(expected) = &config.chain.program_hash {
        compatibility::require_program(&rpc, expected).await?;
    }
    let identity = OrchestratorIdentity {
        network_id: hex::encode(network.network_id),
        genesis: rpc.genesis().await?,
        key: me.to_string(),
    };
    let registration: Option<Orchestrator> = rpc.find(&pda::orchestrator(&me)).await?;
    if !registration.is_some_and(|found| found.is_active()) {
        return Err(OrchestratorError::NotRegistered(identity.key));
    }
    let data_error = |reason| OrchestratorError::File {
        path: config.data.clone(),
        reason,
    };
    std::fs::create_dir_all(&config.data).map_err(data_error)?;
    let store = Store::open(&config.store_location(), &identity.network_id).await?;
    let store = Arc::new(store);
    store.require_genesis(&identity.genesis).await?;
    let blobs = BlobStore::open(&config.blob_location(), &config.data).await?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|reason| OrchestratorError::Listen {
        address: config.listen,
        reason,
    })?;
    let address = listener.local_addr().map_err(data_error)?;

    let metrics = Metrics::default();
    let leases = if store.is_shared() {
        LeaseSet::shared()
    } else {
        LeaseSet::exclusive()
    };
    let feed = Feed::new(rpc.clone());
    let finalized = FinalizedCache::new(rpc.clone());
    let submissions =
        SubmissionStore::new(store.clone(), leases.clone(), feed.clone(), metrics.clone());
    let journal = MemberJournal::new(store.clone(), leases.clone());
    let policy = SendPolicy::service(config.chain.fees);
    let instrumented = instrumented(journal.clone(), metrics.clone());
    let sender = Sender::with_policy(rpc.clone(), instrumented, policy);
    let sender = sender.observed_by(Arc::new(metrics.clone()));
    if !store.is_shared() {
        sender.recover().await?;
        submissions.load(store.load_submissions(Scope::All).await?);
    }
    let payer = Payer::new(me, config.chain.payer_floor);
    payer.read(&rpc).await?;
    let upload_quota = UploadQuota::new(blobs.clone());
    let end = CancellationToken::new();
    let agents = Agents::new(AgentsConfig {
        submissions: submissions.clone(),
        feed: feed.clone(),
        blobs: blobs.clone(),
        upload_quota: upload_quota.clone(),
        network_id: network.network_id,
        genesis: identity.genesis.clone(),
        metrics: metrics.clone(),
        stop: end.clone(),
    });
    let mints = Mints::from(&network);
    let executor = Executor::new(ExecutorParts {
        sender: FencedSender {
            sender: sender.clone(),
            journal,
            metrics: metrics.clone(),
        },
        payer: payer.clone(),
        key: Arc::new(config.key),
        mints,
        feed: feed.clone(),
        submissions: submissions.clone(),
        agents: agents.clone(),
        metrics: metrics.clone(),
    });
    let snapshots = SnapshotSource {
        orchestrator: me,
        feed: feed.clone(),
        finalized: finalized.clone(),
        executor: executor.clone(),
        agents: agents.clone(),
        submissions: submissions.clone(),
        leases: leases.clone(),
        closable: ClosableJobs::new(config.close_after),
    };
    let jobs = JobQueries {
        snapshots: snapshots.clone(),
        feed: feed.clone(),
        leases: leases.clone(),
        store: store.clone(),
    };
    let manifests = ManifestTracker::new(blobs.clone(), upload_quota.clone(), submissions.clone());
    let events = Events::new(rpc.clone(), store.clone());
    let probe = Probe::new(
        rpc.clone(),
        me,
        feed.clone(),
        store.clone(),
        metrics.clone(),
    );
    let heartbeat = Heartbeat::new();
    let plan_metrics = metrics.clone();
    let service = Service {
        snapshots: snapshots.clone(),
        manifests: manifests.clone(),
        archive: Archive::new(jobs.clone(), executor.clone()),
        executor: executor.clone(),
        heartbeat: heartbeat.clone(),
        on_planned: Box::new(move |took, actions| plan_metrics.planned(took, actions)),
        shutdown_timeout: config.shutdown_timeout,
    };
    let state = ApiState {
        status: Status {
            snapshots,
            feed: feed.clone(),
            probe: probe.clone(),
            executor: executor.clone(),
            sender: sender.clone(),
            events: events.clone(),
            leases: leases.clone(),
            payer: payer.clone(),
            metrics: metrics.clone(),
            heartbeat,
            health_limits: config.health_limits,
            identity: Arc::new(identity),
            stop: stop.clone(),
        },
        debug_stats: DebugStatsSource {
            store: store.clone(),
            feed: feed.clone(),
            submissions: submissions.clone(),
            agents: agents.clone(),
            executor: executor.clone(),
        },
        jobs,
        manifests,
        blobs,
        upload_quota,
        agents,
        events: events.clone(),
        metrics,
        end: end.clone(),
    };
    let lease_manager = store.is_shared().then(|| LeaseManager {
        leases,
        store: store.clone(),
        submissions: submissions.clone(),
        sender: sender.clone(),
        executor,
        feed: feed.clone(),
        key: me,
    });
    tokio::join!(feed.read_all(), probe.poll());
    let orchestrator = Orchestration {
        service,
        background: Background {
            rpc,
            feed,
            finalized,
            sender,
            payer,
            events,
            job_gc: JobGc::new(submissions, store.clone()),
            read_interval: config.full_read_interval,
        },
        probe,
        probe_interval: config.probe_interval,
        lease_manager,
        store,
        listener,
        api: api::router(state),
    };
    let url = format!("http://{address}");
    info!(url, key = %me, "orchestrator started");
    let task = tokio::spawn(orchestrator.run(stop, end));
    Ok(Handle { url, task })
}

/// The tasks of a running orchestrator.
struct Orchestration {
    service: Service,
    background: Background,
    probe: Probe,
    probe_interval: Duration,
    /// `None` if no other orchestrator uses the store.
    lease_manager: Option<LeaseManager>,
    store: Arc<Store>,
    listener: TcpListener,
    api: Router,
}

impl Orchestration {
    /// Runs until `stop`. The service ends first; the API and the renewal of leases continue until the
    /// actions in flight have ended. `end` ends everything else.
    async fn run(self, stop: CancellationToken, end: CancellationToken) -> ShutdownReport {
        let planning = tokio::spawn(self.service.run(stop));
        let background = tokio::spawn(self.background.run(end.clone()));
        let probing = tokio::spawn({
            let (probe, interval, end) = (self.probe, self.probe_interval, end.clone());
            async move { probe.run(interval, end).await }
        });
        let renewing = tokio::spawn({
            let (manager, end) = (self.lease_manager.clone(), end.clone());
            async move {
                if let Some(manager) = manager {
                    manager.run(end).await;
                }
            }
        });
        let serving = tokio::spawn(api::serve(self.listener, self.api, end.clone()));
        // The runtime has logged a panic of any of these tasks.
        let unfinished = planning.await.unwrap_or_default();
        end.cancel();
        let _ = tokio::join!(background, probing, renewing, serving);
        if let Some(manager) = self.lease_manager {
            manager.leave().await;
        }
        self.store.close().await;
        ShutdownReport { unfinished }
    }
}
