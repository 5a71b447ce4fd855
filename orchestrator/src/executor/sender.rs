//! Sends transactions whose journal entries are fenced by the leases of their jobs.

use crate::leases::fence::Fence;
use crate::observability::metrics::{Metrics, TimedJournal};
use crate::store::MemberJournal;
use crate::store::failpoint_journal::FailpointJournal;
use millrace_client::ChainError;
use millrace_client::tx::journal::Journal;
use millrace_client::tx::sender::{Landed, Sender};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::Keypair;
use std::sync::Arc;

/// A sender for transactions about jobs of leased partitions.
#[derive(Clone)]
pub(crate) struct FencedSender {
    pub sender: Sender,
    /// The journal that `sender` was made with, before [`instrumented`].
    pub journal: MemberJournal,
    pub metrics: Metrics,
}

impl FencedSender {
    /// Sends a transaction unless one of the fences no longer holds.
    pub(crate) async fn send(
        &self,
        fences: Vec<Fence>,
        purpose: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Landed, ChainError> {
        let journal = instrumented(self.journal.fenced(fences), self.metrics.clone());
        let sender = self.sender.with_journal(journal);
        sender.send(purpose, instructions, signers).await
    }
}

/// Adds failpoints to a journal, and measures its writes.
pub(crate) fn instrumented(journal: MemberJournal, metrics: Metrics) -> Arc<dyn Journal> {
    let timed = TimedJournal::new(Arc::new(journal), metrics);
    Arc::new(FailpointJournal(Arc::new(timed)))
}
