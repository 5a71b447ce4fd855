//! The journal with a point before and after each write, at which a test can end the process.

use millrace_chain::ChainError;
use millrace_chain::fail;
use millrace_chain::journal::{Ending, Entry, Journal};
use std::sync::Arc;

/// Passes everything on.
pub struct Marked(pub Arc<dyn Journal>);

impl Journal for Marked {
    fn begin(&self, entry: &Entry) -> Result<(), ChainError> {
        fail::before("store", "journal_begin");
        let done = self.0.begin(entry);
        fail::after("store", "journal_begin");
        done
    }

    fn end(&self, signature: &str, ending: Ending) -> Result<(), ChainError> {
        fail::before("store", "journal_end");
        let done = self.0.end(signature, ending);
        fail::after("store", "journal_end");
        done
    }

    fn open(&self) -> Result<Vec<Entry>, ChainError> {
        self.0.open()
    }
}
