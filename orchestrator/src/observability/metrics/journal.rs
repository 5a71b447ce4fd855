//! The journal of transactions, with the time that writing it takes.

use super::Metrics;
use async_trait::async_trait;
use millrace_client::ChainError;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use std::sync::Arc;
use std::time::Instant;

/// A journal whose writes are timed.
pub(crate) struct TimedJournal {
    journal: Arc<dyn Journal>,
    metrics: Metrics,
}

impl TimedJournal {
    /// The same journal, timed.
    pub(crate) fn new(journal: Arc<dyn Journal>, metrics: Metrics) -> Self {
        Self { journal, metrics }
    }
}

#[async_trait]
impl Journal for TimedJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let since = Instant::now();
        let written = self.journal.begin(entry).await;
        self.metrics.store_written(since);
        written
    }

    async fn end(&self, signature: &str, ending: EndState) -> Result<(), ChainError> {
        let since = Instant::now();
        let written = self.journal.end(signature, ending).await;
        self.metrics.store_written(since);
        written
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        self.journal.unfinished().await
    }
}
