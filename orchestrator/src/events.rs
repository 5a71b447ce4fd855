//! On-chain events of the past and present, read by cursor. Readers keep their own cursors.

use crate::error::OrchestratorError;
use crate::store::Store;
use futures_util::stream::{self, Stream};
use millrace_client::history::{History, RecordedEvent};
use millrace_client::rpc::client::Rpc;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Events per read of the store.
const READ_BATCH: u32 = 500;

/// An event with its cursor.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EventEntry {
    /// Pass this cursor to read the events after this one.
    pub cursor: String,
    #[serde(flatten)]
    pub recorded: RecordedEvent,
}

/// The events in the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Events {
    history: History,
    store: Arc<Store>,
}

impl Events {
    pub(crate) fn new(rpc: Rpc, store: Arc<Store>) -> Self {
        Self {
            history: History::new(rpc, store.clone()),
            store,
        }
    }

    /// Time since all finalized events had been stored.
    pub(crate) fn age(&self) -> Duration {
        self.history.age()
    }

    /// Stores newly finalized events every `interval` until `stop`.
    pub(crate) async fn run(&self, interval: Duration, stop: CancellationToken) {
        self.history.run(interval, stop).await;
    }

    /// Streams the events after a cursor, of one job or of all. With `follow`, the stream waits for new
    /// events until the token is cancelled; otherwise it ends after the last stored event.
    pub(crate) fn after(
        &self,
        cursor: i64,
        job: Option<String>,
        follow: Option<CancellationToken>,
    ) -> impl Stream<Item = Result<EventEntry, OrchestratorError>> + Send + use<> {
        let reader = EventReader {
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

struct EventReader {
    changes: tokio::sync::watch::Receiver<u64>,
    store: Arc<Store>,
    cursor: i64,
    job: Option<String>,
    follow: Option<CancellationToken>,
    read: std::vec::IntoIter<(i64, RecordedEvent)>,
}

impl EventReader {
    async fn next(&mut self) -> Option<Result<EventEntry, OrchestratorError>> {
        loop {
            if let Some((number, recorded)) = self.read.next() {
                self.cursor = number;
                let cursor = number.to_string();
                return Some(Ok(EventEntry { cursor, recorded }));
            }
            // Before the read, so that an event stored during the read counts as a change.
            self.changes.mark_unchanged();
            let read = self
                .store
                .events(self.cursor, self.job.as_deref(), READ_BATCH)
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
