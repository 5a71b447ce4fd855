//! What happened on chain, kept and told: history behind a cursor that readers hold themselves.

use crate::error::OrchestratorError;
use crate::store::Store;
use futures_util::stream::{self, Stream};
use millrace_client::history::{History, RecordedEvent};
use millrace_client::rpc::client::Rpc;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Events that are read from the store at once.
const READ_TOGETHER: u32 = 500;

/// An event as it is told.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// What to ask for the events after it.
    pub cursor: String,
    /// The event and where it stands.
    #[serde(flatten)]
    pub recorded: RecordedEvent,
}

/// The events. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    history: History,
    store: Arc<Store>,
}

impl Events {
    /// The events of a store, which [`Events::keep`] adds to.
    pub fn new(rpc: Rpc, store: Arc<Store>) -> Self {
        Self {
            history: History::new(rpc, store.clone()),
            store,
        }
    }

    /// Time since everything that was final had been read.
    pub fn age(&self) -> Duration {
        self.history.age()
    }

    /// Reads what has become final, every `interval` until `stop`.
    pub async fn keep(&self, interval: Duration, stop: CancellationToken) {
        self.history.run(interval, stop).await;
    }

    /// The events behind a cursor, of one job or of all; the stream ends with the last one that is
    /// there, or with `stop` where it follows.
    pub fn after(
        &self,
        cursor: i64,
        job: Option<String>,
        follow: Option<CancellationToken>,
    ) -> impl Stream<Item = Result<Told, OrchestratorError>> + Send + use<> {
        let reader = Reader {
            changes: self.history.changes(),
            store: self.store.clone(),
            cursor,
            job,
            follow,
            read: Vec::new().into_iter(),
        };
        stream::unfold(reader, |mut reader| async move {
            let next = reader.next().await?;
            Some((next, reader))
        })
    }
}

struct Reader {
    changes: tokio::sync::watch::Receiver<u64>,
    store: Arc<Store>,
    cursor: i64,
    job: Option<String>,
    follow: Option<CancellationToken>,
    read: std::vec::IntoIter<(i64, RecordedEvent)>,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Told, OrchestratorError>> {
        loop {
            if let Some((number, recorded)) = self.read.next() {
                self.cursor = number;
                let cursor = number.to_string();
                return Some(Ok(Told { cursor, recorded }));
            }
            // Seen before it is read: what comes after it is another change.
            self.changes.mark_unchanged();
            let read = self
                .store
                .events(self.cursor, self.job.as_deref(), READ_TOGETHER)
                .await;
            match read {
                Ok(read) if read.is_empty() => {
                    let stop = self.follow.as_ref()?;
                    tokio::select! {
                        () = stop.cancelled() => return None,
                        changed = self.changes.changed() => changed.ok()?,
                    }
                }
                Ok(read) => self.read = read.into_iter(),
                Err(error) => return Some(Err(error.into())),
            }
        }
    }
}
