//! Starts an agent and keeps its connections open until it is stopped.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use millrace_protocol::key::Key;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::blobs::BlobCache;
use crate::config::AgentConfig;
use crate::error::AgentError;
use crate::execute::ShardRunner;
use crate::outbox::Outbox;
use crate::results::ResultStore;
use crate::session::{self, SessionContext, SessionEnd};
use crate::signer::Identity;
use crate::status::{AgentStatus, StatusReporter};
use crate::tasks::{AgentContext, Tasks, unix_now};

const MAX_RECONNECT_DELAY: Duration = Duration::from_millis(2_500);
const MAX_REFUSED_DELAY: Duration = Duration::from_secs(15);

/// Delays before reconnecting after a broken connection. Jitter, which keeps many agents from
/// reconnecting at once, lengthens each by up to its own length.
const RECONNECT: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(MAX_RECONNECT_DELAY)
    .with_jitter()
    .without_max_times();
/// Delays before reconnecting after a refusal: the provider may still be registering.
const RETRY_REFUSED: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(500))
    .with_max_delay(MAX_REFUSED_DELAY)
    .with_jitter()
    .without_max_times();

/// A running agent. Dropping the handle does not stop the agent; its cancellation token does.
#[derive(Debug)]
pub struct AgentHandle {
    status: watch::Receiver<AgentStatus>,
    agent: JoinHandle<()>,
}

impl AgentHandle {
    pub fn status(&self) -> watch::Receiver<AgentStatus> {
        self.status.clone()
    }

    /// Waits until the agent has ended after it was stopped.
    ///
    /// # Errors
    /// [`AgentError::Panicked`] if the agent's own task panicked.
    pub async fn join(self) -> Result<(), AgentError> {
        self.agent.await.map_err(|error| AgentError::Panicked {
            reason: error.to_string(),
        })
    }
}

/// Starts an agent in the current tokio runtime. The agent connects and reconnects until `stop` is
/// cancelled; then it ends its runs and unlocks its data folder. An ended run starts again when an
/// orchestrator sends the task again.
///
/// # Errors
/// If the configuration is invalid, the data folder cannot be locked, or this machine cannot run
/// WebAssembly. An unreachable or refusing orchestrator is not an error.
pub fn start(config: AgentConfig, stop: CancellationToken) -> Result<AgentHandle, AgentError> {
    let addresses = config.check()?;
    let results = ResultStore::open(&config.data)?;
    results.remove_expired(unix_now())?;
    let (outbox, queues) = Outbox::new(addresses.len());
    let (status, watched) = StatusReporter::new();
    let context = AgentContext {
        blobs: BlobCache::open(
            &config.data,
            addresses.iter().map(|a| a.http.clone()).collect(),
        )?,
        runner: ShardRunner::new()?,
        identity: Identity {
            provider: Key(config.provider.to_bytes()),
            operator: config.operator,
        },
        fault: config.fault,
        results,
        outbox,
        status,
        stop,
    };
    let tasks = Tasks::new(context, config.capacity);
    let network = Arc::new(OnceLock::new());
    let mut connections = JoinSet::new();
    for (orchestrator, (address, queue)) in addresses.into_iter().zip(queues).enumerate() {
        let session = SessionContext {
            tasks: Arc::clone(&tasks),
            orchestrator,
            queue,
            capacity: config.capacity,
            network: Arc::clone(&network),
        };
        connections.spawn(keep_connected(session, address.ws));
    }
    Ok(AgentHandle {
        status: watched,
        agent: tokio::spawn(async move {
            while let Some(ended) = connections.join_next().await {
                // A panic of one connection ends the agent.
                if let Err(error) = ended
                    && error.is_panic()
                {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            tasks.wait_for_workers().await;
            tasks.status().event("stopped".to_owned());
        }),
    })
}

/// Runs an agent until `stop` is cancelled.
///
/// # Errors
/// See [`start`] and [`AgentHandle::join`].
pub async fn run(config: AgentConfig, stop: CancellationToken) -> Result<(), AgentError> {
    start(config, stop)?.join().await
}

async fn keep_connected(mut session: SessionContext, address: String) {
    let tasks = Arc::clone(&session.tasks);
    let mut reconnect = RECONNECT.build();
    let mut retry_refused = RETRY_REFUSED.build();
    loop {
        let (end, admitted) = session::serve(&mut session, &address).await;
        if admitted {
            reconnect = RECONNECT.build();
            retry_refused = RETRY_REFUSED.build();
        }
        let delay = match end {
            SessionEnd::Stopped => break,
            SessionEnd::Lost(reason) => {
                tracing::warn!(address, reason, "connection lost");
                let event = format!("connection to {address} lost: {reason}");
                tasks.status().event(event);
                reconnect.next().unwrap_or(MAX_RECONNECT_DELAY)
            }
            SessionEnd::Refused(reason) => {
                tracing::warn!(address, reason, "orchestrator refused this agent");
                let event = format!("{address} refused this agent: {reason}");
                tasks.status().event(event);
                retry_refused.next().unwrap_or(MAX_REFUSED_DELAY)
            }
        };
        tracing::debug!(address, ?delay, "reconnecting after a delay");
        tokio::select! {
            () = tasks.stop().cancelled() => break,
            () = tokio::time::sleep(delay) => {}
        }
    }
}
