//! History: all events of the program's finalized transactions, in order, each exactly once. For audits and
//! statistics; no decision of a service depends on it.
//!
//! Signatures of the event authority's address are listed from the newest back to the cursor; their
//! transactions are then read from the oldest on. Events and cursor are stored together, in batches: an
//! interrupted run starts again at the cursor, and no event is missed or stored twice.

mod chain;
mod invocation;
mod of_job;
mod walk;

#[cfg(test)]
mod tests;

pub use of_job::{job_events, job_terms};

use crate::error::ChainError;
use crate::events::ProgramEvent;
use crate::pda::event_authority;
use crate::rpc::client::Rpc;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use walk::{SignatureInfo, Walk};

/// Signatures per page: the most that endpoints return.
const PAGE_SIZE: usize = 1_000;
/// Transactions whose events are stored together with the cursor.
const BATCH_SIZE: usize = 100;
/// Signatures that are kept in memory. A longer history is listed again for the newer ones.
const MAX_KEPT: usize = 100_000;

/// The last transaction whose events are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The transaction's slot.
    pub slot: u64,
    /// The transaction's first signature, base58.
    pub signature: String,
}

/// An event and its position on chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// The slot of its block.
    pub slot: u64,
    /// The block's time, unix seconds, if the cluster recorded it.
    pub time: Option<i64>,
    /// The transaction's first signature, base58.
    pub signature: String,
    /// Index of the instruction of the transaction that caused the event.
    pub instruction: u32,
    /// Index of the event's invocation among all invocations of that instruction.
    pub position: u32,
    /// The event.
    pub event: ProgramEvent,
}

/// Stores events and the cursor.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// The cursor; `None` before the first events are stored.
    async fn load(&self) -> Result<Option<Cursor>, ChainError>;
    /// Stores events and then moves the cursor. Events that are stored already (same signature,
    /// instruction and position) are ignored, so the same batch can be saved again after a failure.
    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError>;
}

/// Reads history into a store. Cheap to clone; clones share all state.
#[derive(Clone)]
pub struct History {
    rpc: Rpc,
    store: Arc<dyn CursorStore>,
    page_size: usize,
    batch: usize,
    max_kept: usize,
    changes: watch::Sender<u64>,
    /// When all final transactions had last been read; before that, when this reader was created.
    caught_up: watch::Sender<Instant>,
}

impl History {
    /// A reader that continues from the store's cursor.
    pub fn new(rpc: Rpc, store: Arc<dyn CursorStore>) -> Self {
        Self {
            rpc,
            store,
            page_size: PAGE_SIZE,
            batch: BATCH_SIZE,
            max_kept: MAX_KEPT,
            changes: watch::Sender::new(0),
            caught_up: watch::Sender::new(Instant::now()),
        }
    }

    /// A counter that rises when events are stored.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Time since all final transactions had been read; before the first time, since this reader was
    /// created.
    pub fn age(&self) -> Duration {
        self.caught_up.borrow().elapsed()
    }

    /// Catches up every `interval` until `stop`. Consecutive failures are logged once.
    pub async fn run(&self, interval: Duration, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let caught_up = tokio::select! {
                () = stop.cancelled() => return,
                caught_up = self.catch_up() => caught_up,
            };
            match &caught_up {
                Ok(_) if failing => info!("reading history works again"),
                Err(error) if !failing => warn!(%error, "failed to read history; retrying"),
                _ => {}
            }
            failing = caught_up.is_err();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    /// Reads all transactions that are final by now. Returns the number of events.
    ///
    /// # Errors
    /// Errors of the endpoint and the store; [`ChainError::HistoryGap`]. Stored events are kept.
    pub async fn catch_up(&self) -> Result<usize, ChainError> {
        let mut events = 0;
        loop {
            let cursor = self.store.load().await?;
            let walk = Walk {
                rpc: &self.rpc,
                address: event_authority(),
                page_size: self.page_size,
                max_kept: self.max_kept,
            };
            let walked = walk.back_to(cursor.as_ref()).await?;
            for batch in walked.oldest_first.chunks(self.batch) {
                events += self.store_batch(batch).await?;
            }
            if !walked.more {
                self.caught_up.send_replace(Instant::now());
                return Ok(events);
            }
        }
    }

    /// Stores the events of a batch of transactions.
    async fn store_batch(&self, batch: &[SignatureInfo]) -> Result<usize, ChainError> {
        let Some(last) = batch.last() else {
            return Ok(0);
        };
        let events = chain::events_of_all(&self.rpc, batch).await?;
        let cursor = Cursor {
            slot: last.slot,
            signature: last.signature.clone(),
        };
        self.store.save(&cursor, &events).await?;
        if !events.is_empty() {
            self.changes.send_modify(|count| *count += 1);
        }
        Ok(events.len())
    }
}
