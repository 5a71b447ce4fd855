//! What happened, from the first transaction on: the program's events, read from its finalized
//! transactions in their order, each once. For people, audits and statistics; acting never depends on it.
//!
//! The signatures of the event authority's address are walked from the newest back to the cursor, and
//! their transactions then taken from the oldest on. Events and cursor are stored together, some
//! transactions at a time: a walk that is cut short begins again, and nothing is missed or told twice.

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
use walk::Walk;

/// Signatures of a page: what an endpoint gives at the most.
const PAGE_SIZE: usize = 1_000;
/// Transactions after which the cursor is stored.
const BATCH_SIZE: usize = 100;
/// Signatures that a walk keeps: with a longer history it is walked again for those behind.
const MAX_KEPT: usize = 100_000;

/// The last transaction whose events are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Its slot.
    pub slot: u64,
    /// Its first signature, base58.
    pub signature: String,
}

/// An event and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// The slot of its block.
    pub slot: u64,
    /// The block's time, unix seconds, where the cluster knows it.
    pub time: Option<i64>,
    /// The transaction's first signature, base58.
    pub signature: String,
    /// The instruction of the transaction that it comes from.
    pub instruction: u32,
    /// Its place among what that instruction called.
    pub position: u32,
    /// The event.
    pub event: ProgramEvent,
}

/// Where events and the cursor are kept.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// The cursor; `None` before the first events.
    async fn load(&self) -> Result<Option<Cursor>, ChainError>;
    /// Keeps events and moves the cursor behind them: both or neither. An event that is there already
    /// (same signature, instruction and position) is left out.
    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError>;
}

/// Reads history into a store.
#[derive(Clone)]
pub struct History {
    rpc: Rpc,
    store: Arc<dyn CursorStore>,
    page: usize,
    batch: usize,
    max_kept: usize,
    changes: watch::Sender<u64>,
    /// When everything that was final had last been read; the beginning, before that.
    caught_up: watch::Sender<Instant>,
}

impl History {
    /// A reader that goes on from the store's cursor.
    pub fn new(rpc: Rpc, store: Arc<dyn CursorStore>) -> Self {
        Self {
            rpc,
            store,
            page: PAGE_SIZE,
            batch: BATCH_SIZE,
            max_kept: MAX_KEPT,
            changes: watch::Sender::new(0),
            caught_up: watch::Sender::new(Instant::now()),
        }
    }

    /// A counter that rises when events were stored.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Time since everything that was final had been read, or since the beginning.
    pub fn age(&self) -> Duration {
        self.caught_up.borrow().elapsed()
    }

    /// Catches up every `interval` until `stop`. A failure is told once, and tried again.
    pub async fn run(&self, interval: Duration, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let caught_up = tokio::select! {
                () = stop.cancelled() => return,
                caught_up = self.catch_up() => caught_up,
            };
            match &caught_up {
                Ok(_) if failing => info!("history is read again"),
                Err(error) if !failing => warn!(%error, "history can't be read, trying on"),
                _ => {}
            }
            failing = caught_up.is_err();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    /// Reads everything that is finalized by now. Returns how many events that were.
    ///
    /// # Errors
    /// Those of the endpoint and the store; [`ChainError::HistoryGap`]. What was stored before stays.
    pub async fn catch_up(&self) -> Result<usize, ChainError> {
        let mut events = 0;
        loop {
            let cursor = self.store.load().await?;
            let walk = Walk {
                rpc: &self.rpc,
                address: event_authority(),
                page: self.page,
                max_kept: self.max_kept,
            };
            let walked = walk.back_to(cursor.as_ref()).await?;
            for some in walked.oldest_first.chunks(self.batch) {
                events += self.take(some).await?;
            }
            if !walked.more {
                self.caught_up.send_replace(Instant::now());
                return Ok(events);
            }
        }
    }

    /// Stores the events of some transactions.
    async fn take(&self, some: &[walk::Signed]) -> Result<usize, ChainError> {
        let Some(last) = some.last() else {
            return Ok(0);
        };
        let events = chain::events_of_all(&self.rpc, some).await?;
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
