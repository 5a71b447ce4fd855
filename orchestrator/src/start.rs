//! The start of an orchestrator: its checks, and its parts put together.

use crate::agents::{Agents, AgentsConfig};
use crate::blobs::BlobStore;
use crate::blobs::upload_quota::UploadQuota;
use crate::config::Config;
use crate::error::OrchestratorError;
use crate::events::Events;
use crate::executor::{Executor, ExecutorParts};
use crate::jobs::archive::Archive;
use crate::jobs::manifests::Readiness;
use crate::leases::manager::LeaseManager;
use crate::leases::set::LeaseSet;
use crate::observability::metrics::{Metrics, TimedJournal};
use crate::observability::probe::Probe;
use crate::service::Service;
use crate::store::failpoint_journal::FailpointJournal;
use crate::store::{MemberJournal, Scope, Store};
use crate::submissions::cache::SubmissionStore;
use crate::submissions::gc::JobGc;
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
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// A running orchestrator.
pub struct Handle {
    /// Where its API is: `http://127.0.0.1:port`.
    pub url: String,
    task: JoinHandle<Result<Ended, OrchestratorError>>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Acts that the grace period was too short for. What was sent of them is in the journal, and the
    /// next start sees it through.
    pub left: Vec<String>,
}

impl Handle {
    /// Waits until it has stopped.
    pub async fn join(self) -> Result<Ended, OrchestratorError> {
        // A panic of the task is passed on as it is.
        match self.task.await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
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
    let network = compatibility::supported_network(&rpc).await?;
    if let Some(expected) = &config.chain.program_hash {
        compatibility::require_program(&rpc, expected).await?;
    }
    let genesis = rpc.genesis().await?;
    let me = config.key.pubkey();
    let registration: Option<Orchestrator> = rpc.find(&pda::orchestrator(&me)).await?;
    if !registration.is_some_and(|found| found.is_active()) {
        return Err(OrchestratorError::NotRegistered(me.to_string()));
    }
    let network_id = hex::encode(network.network_id);
    let in_folder = |reason| OrchestratorError::File {
        path: config.data.clone(),
        reason,
    };
    std::fs::create_dir_all(&config.data).map_err(in_folder)?;
    let store = Arc::new(Store::open(&config.store_location(), &network_id).await?);
    store.require_genesis(&genesis).await?;
    let blobs = BlobStore::open(&config.blob_location(), &config.data).await?;
    let listener =
        TcpListener::bind(config.listen)
            .await
            .map_err(|error| OrchestratorError::Listen {
                address: config.listen.to_string(),
                reason: error.to_string(),
            })?;
    let local = listener.local_addr().map_err(in_folder)?;

    let metrics = Metrics::default();
    let leases = match store.is_shared() {
        true => LeaseSet::shared(),
        false => LeaseSet::exclusive(),
    };
    let feed = Feed::new(rpc.clone());
    let submissions =
        SubmissionStore::new(store.clone(), leases.clone(), feed.clone(), metrics.clone());
    let finalized = FinalizedCache::new(rpc.clone());
    let policy = SendPolicy::service(config.chain.fees);
    let journal = MemberJournal::new(store.clone(), leases.clone());
    let journal = TimedJournal::new(Arc::new(journal), metrics.clone());
    let journal = Arc::new(FailpointJournal(Arc::new(journal)));
    let sender = Sender::with_policy(rpc.clone(), journal, policy);
    let sender = sender.observed_by(Arc::new(metrics.clone()));
    if !store.is_shared() {
        sender.recover().await?;
        submissions.load(store.load_submissions(Scope::All).await?);
    }
    let upload_quota = UploadQuota::new(blobs.clone());
    let payer = Payer::new(me, config.chain.payer_floor);
    payer.read(&rpc).await?;
    let events = Events::new(rpc.clone(), store.clone());
    let end = CancellationToken::new();
    let agents = Agents::new(AgentsConfig {
        submissions: submissions.clone(),
        feed: feed.clone(),
        blobs: blobs.clone(),
        upload_quota: upload_quota.clone(),
        network_id: network.network_id,
        genesis: genesis.clone(),
        metrics: metrics.clone(),
        stop: end.clone(),
    });
    let mints = Mints::from(&network);
    let purse = mints.stake_account(&me);
    let bounty = rpc.token_balance(&purse).await?.map(|_| purse);
    let key = Arc::new(config.key);
    let executor = Executor::new(ExecutorParts {
        sender: sender.clone(),
        payer: payer.clone(),
        key,
        mints,
        bounty_account: bounty,
        feed: feed.clone(),
        submissions: submissions.clone(),
        agents: agents.clone(),
        metrics: metrics.clone(),
    });
    let readiness = Readiness::new(blobs.clone(), upload_quota.clone(), submissions.clone());
    let job_gc = JobGc::new(submissions.clone(), store.clone());
    let probe = Probe::new(
        rpc.clone(),
        me,
        feed.clone(),
        store.clone(),
        metrics.clone(),
    );
    let lease_manager = LeaseManager {
        leases: leases.clone(),
        store: store.clone(),
        submissions: submissions.clone(),
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
        finalized,
        sender,
        payer,
        events,
        submissions,
        blobs,
        store,
        leases,
        lease_manager,
        agents,
        executor,
        metrics,
        probe,
        limits: config.limits,
        close_after: config.close_after,
        grace: config.grace,
        stop,
        end,
        planned: Arc::new(Mutex::new(Instant::now())),
        finished: Arc::default(),
        readiness,
        upload_quota,
        job_gc,
        archive: Archive::default(),
    };
    tokio::join!(service.feed.read_all(), service.probe.poll());
    let url = format!("http://{local}");
    info!(url, key = %me, "orchestrator started");
    let task = tokio::spawn(service.run(listener, config.reread, config.probe));
    Ok(Handle { url, task })
}
