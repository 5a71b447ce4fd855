//! The agent as a whole: opens what it needs, and keeps a connection to each orchestrator up until it
//! is stopped.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use millrace_protocol::key::Key;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::blobs::Blobs;
use crate::config::Config;
use crate::error::AgentError;
use crate::execute::Executor;
use crate::outbox::Outbox;
use crate::results::Store;
use crate::session::{self, Ended, Memory};
use crate::signer::Identity;
use crate::status::Status;
use crate::tasks::{Kit, Tasks, unix_now};

/// Pauses before connecting again, after a connection broke.
const LOST: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Pauses before connecting again, after the agent was refused: perhaps its provider is still being
/// registered.
const REFUSED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// A running agent. Dropping the handle leaves it running; it ends by its `stop`.
#[derive(Debug)]
pub struct Handle {
    status: watch::Receiver<Status>,
    agent: JoinHandle<()>,
}

impl Handle {
    /// What the agent is doing, now and from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits until the agent has ended, which it does only after it was stopped.
    ///
    /// # Errors
    /// [`AgentError::Broken`] if it broke off.
    pub async fn join(self) -> Result<(), AgentError> {
        self.agent.await.map_err(|error| AgentError::Broken {
            reason: error.to_string(),
        })
    }
}

/// Starts an agent within the current tokio runtime. It connects, and connects again, until `stop`
/// is cancelled; then it ends its runs (they are run anew when they are asked for again) and leaves
/// the data folder to the next one.
///
/// # Errors
/// Whatever the agent can't work without: a sound configuration, its data folder for itself, a
/// machine that runs WebAssembly. An orchestrator that is not there or refuses is none of it.
pub fn start(config: Config, stop: CancellationToken) -> Result<Handle, AgentError> {
    let addresses = config.check()?;
    let store = Store::open(&config.data)?;
    store.forget_expired(unix_now())?;
    let (outbox, messages) = Outbox::new(addresses.len());
    let (status, watched) = watch::channel(Status::default());
    let kit = Kit {
        blobs: Blobs::open(
            &config.data,
            addresses.iter().map(|a| a.http.clone()).collect(),
        )?,
        executor: Executor::new()?,
        identity: Identity {
            provider: Key(config.provider.to_bytes()),
            operator: config.operator,
        },
        behaviour: config.behaviour,
        store,
        outbox,
        status,
        stop,
    };
    let tasks = Tasks::new(kit, config.capacity);
    let network = Arc::new(OnceLock::new());
    let mut connections = JoinSet::new();
    for (orchestrator, (address, outbox)) in addresses.into_iter().zip(messages).enumerate() {
        let memory = Memory {
            tasks: Arc::clone(&tasks),
            orchestrator,
            outbox,
            capacity: config.capacity,
            network: Arc::clone(&network),
        };
        connections.spawn(keep_connected(memory, address.ws));
    }
    Ok(Handle {
        status: watched,
        agent: tokio::spawn(async move {
            while let Some(ended) = connections.join_next().await {
                // A panic of one is the agent's.
                if let Err(error) = ended
                    && error.is_panic()
                {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
            tasks.finish().await;
            tasks.remember("stopped".to_owned());
        }),
    })
}

/// Runs an agent until `stop` is cancelled.
///
/// # Errors
/// As [`start`] and [`Handle::join`].
pub async fn run(config: Config, stop: CancellationToken) -> Result<(), AgentError> {
    start(config, stop)?.join().await
}

async fn keep_connected(mut memory: Memory, address: String) {
    let tasks = Arc::clone(&memory.tasks);
    let mut lost = Backoff::new(LOST.0, LOST.1);
    let mut refused = Backoff::new(REFUSED.0, REFUSED.1);
    loop {
        let (ended, welcomed) = session::serve(&mut memory, &address).await;
        if welcomed {
            lost.reset();
            refused.reset();
        }
        let pause = match ended {
            Ended::Stopped => break,
            Ended::Lost(reason) => {
                tasks.warn(format!("no connection to {address}: {reason}"));
                lost.pause()
            }
            Ended::Refused(reason) => {
                tasks.warn(format!("{address} refuses this agent: {reason}"));
                refused.pause()
            }
        };
        tracing::debug!("connecting again in {pause:?}");
        tokio::select! {
            () = tasks.stop().cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
