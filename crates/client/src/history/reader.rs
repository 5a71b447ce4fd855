//! Reads history from the chain into a store.

use super::chain;
use super::store::{Cursor, CursorStore};
use super::walk::{MAX_KEPT, PAGE_SIZE, SignatureInfo, Walk};
use crate::error::ChainError;
use crate::pda::event_authority;
use crate::rpc::client::Rpc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Transactions whose events are stored together with the cursor.
const BATCH_SIZE: usize = 100;

/// Reads history into a store. Cheap to clone; clones share all state.
#[derive(Clone)]
pub struct History {
    rpc: Rpc,
    store: Arc<dyn CursorStore>,
    pub(super) page_size: usize,
    pub(super) batch: usize,
    pub(super) max_kept: usize,
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
