//! The journal with a point before and after each write, at which a test can end the process.

use async_trait::async_trait;
use millrace_chain::ChainError;
use millrace_chain::fail;
use millrace_chain::journal::{Ending, Entry, Journal};
use std::sync::Arc;

/// Passes everything on.
pub struct Marked(pub Arc<dyn Journal>);

#[async_trait]
impl Journal for Marked {
    async fn begin(&self, entry: &Entry) -> Result<(), ChainError> {
        fail::before("store", "journal_begin");
        let done = self.0.begin(entry).await;
        fail::after("store", "journal_begin");
        done
    }

    async fn end(&self, signature: &str, ending: Ending) -> Result<(), ChainError> {
        fail::before("store", "journal_end");
        let done = self.0.end(signature, ending).await;
        fail::after("store", "journal_end");
        done
    }

    async fn open(&self) -> Result<Vec<Entry>, ChainError> {
        self.0.open().await
    }
}
