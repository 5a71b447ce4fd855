//! A journal with a failpoint before and after each write, at which a test can end the process.

use async_trait::async_trait;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use millrace_client::{ChainError, failpoint};
use std::sync::Arc;

pub(crate) struct FailpointJournal(pub Arc<dyn Journal>);

#[async_trait]
impl Journal for FailpointJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        failpoint::before("store", "journal_begin");
        let done = self.0.begin(entry).await;
        failpoint::after("store", "journal_begin");
        done
    }

    async fn end(&self, signature: &str, end_state: EndState) -> Result<(), ChainError> {
        failpoint::before("store", "journal_end");
        let done = self.0.end(signature, end_state).await;
        failpoint::after("store", "journal_end");
        done
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        self.0.unfinished().await
    }
}
