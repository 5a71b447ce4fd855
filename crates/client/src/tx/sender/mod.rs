//! Lands transactions: priced, signed, journalled, sent, and sent again as the same bytes until confirmed.
//! A transaction is signed again only after it can no longer land, and is tracked until it is final.

mod builder;
mod confirmation;
mod finality;
mod statuses;

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::tx::codec::{decode, encode};
use crate::tx::fees::FeePolicy;
use crate::tx::journal::{EndState, Journal, JournalEntry};
use crate::tx::observer::{Observer, TrackedTx, TxEvent};
use crate::tx::policy::{RetainUntil, SendPolicy};
use builder::{TxBuilder, Unsigned};
use confirmation::Confirmer;
use finality::FinalityTracker;
use futures_util::{StreamExt, stream};
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signature};
use statuses::TxOutcome;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// How often a transaction is signed before [`Sender::send`] gives up.
const MAX_SIGNINGS: u32 = 3;
/// Journalled transactions that [`Sender::recover`] confirms at the same time.
const RECOVERY_CONCURRENCY: usize = 16;

/// A confirmed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The first signature.
    pub signature: Signature,
    /// The slot of its block.
    pub slot: u64,
    /// Compute units that its simulation consumed, or that of another transaction of its shape; with a
    /// fixed budget, the units it asked for.
    pub compute_units: u64,
}

/// Sends transactions and confirms them. Cheap to clone; clones share all state.
#[derive(Clone)]
pub struct Sender {
    rpc: Rpc,
    journal: Arc<dyn Journal>,
    retain: RetainUntil,
    builder: TxBuilder,
    confirmer: Confirmer,
    finality: FinalityTracker,
}

impl Sender {
    /// A sender for commands, with the default fees.
    pub fn new(rpc: Rpc, journal: Arc<dyn Journal>) -> Self {
        Self::with_policy(rpc, journal, SendPolicy::command(FeePolicy::default()))
    }

    /// A sender that writes every transaction to `journal` before sending it.
    pub fn with_policy(rpc: Rpc, journal: Arc<dyn Journal>, policy: SendPolicy) -> Self {
        Self {
            builder: TxBuilder::new(rpc.clone(), policy),
            confirmer: Confirmer::new(rpc.clone(), policy.max_concurrent_sends),
            finality: FinalityTracker::new(journal.clone()),
            retain: policy.retain,
            rpc,
            journal,
        }
    }

    /// Reports every step of every transaction to `observer`.
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.confirmer.observer = observer;
        self
    }

    /// The same sender with another view of its journal, which `begin`s the entries. Their ends are written to
    /// the journal that this sender was made with, so both must share their entries.
    pub fn with_journal(&self, journal: Arc<dyn Journal>) -> Self {
        Self {
            journal,
            ..self.clone()
        }
    }

    /// The endpoint that this sender uses.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Lands `instructions` in one transaction, signed by `signers` and paid by the first of them.
    /// [`crate::tx::packing::fits`] checks in advance whether they fit into one.
    ///
    /// `purpose` is kept in the journal. An expired transaction is signed again, up to three signings,
    /// each with a higher price unless the budget is fixed.
    ///
    /// # Errors
    /// The program's refusal by name, before anything is sent if a simulation shows it.
    /// [`ChainError::Expired`] after the last signing. Errors of the journal.
    pub async fn send(
        &self,
        purpose: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Landed, ChainError> {
        let observer = &self.confirmer.observer;
        let unsigned = Unsigned {
            instructions,
            signers,
        };
        for signing in 0..MAX_SIGNINGS {
            let signed = self.builder.build(unsigned, signing).await;
            let signed = signed.inspect_err(|error| observer.on_event(&TxEvent::Refused(error)))?;
            let signature = signed.transaction.signatures[0];
            let entry = JournalEntry {
                signature: signature.to_string(),
                bytes: encode(&signed.transaction)?,
                last_valid_block_height: signed.last_valid,
                purpose: purpose.to_owned(),
            };
            self.journal.begin(&entry).await?;
            let mut tracked = TrackedTx::sent(observer.as_ref(), signature, signing > 0);
            let outcome = self
                .confirmer
                .confirm(&signed.transaction, signed.last_valid)
                .await;
            match outcome {
                TxOutcome::Landed { slot } => {
                    tracked.landed();
                    self.conclude(entry, signature, EndState::Landed, slot)
                        .await?;
                    return Ok(Landed {
                        signature,
                        slot,
                        compute_units: u64::from(signed.used),
                    });
                }
                TxOutcome::Failed { error, slot } => {
                    let named = ChainError::from_transaction(error.clone(), Vec::new());
                    tracked.ended(&TxEvent::Failed {
                        signature,
                        error: &named,
                    });
                    self.conclude(entry, signature, EndState::Failed, slot)
                        .await?;
                    let limit = signed.limit;
                    if !self.builder.record_failure(instructions, limit, &error) {
                        return Err(named);
                    }
                    debug!(%signature, purpose, limit, "transaction ran out of compute units");
                }
                TxOutcome::Expired => {
                    tracked.ended(&TxEvent::Expired { signature });
                    self.conclude(entry, signature, EndState::Expired, 0)
                        .await?;
                    warn!(%signature, purpose, "transaction expired; signing it again");
                }
            }
        }
        Err(ChainError::Expired {
            attempts: MAX_SIGNINGS,
        })
    }

    /// Confirms what an earlier process left in the journal: sends the same bytes until each transaction
    /// has landed or can no longer land. Returns the purposes of those that landed.
    ///
    /// # Errors
    /// Errors of the journal.
    pub async fn recover(&self) -> Result<Vec<String>, ChainError> {
        let unfinished = self.journal.unfinished().await?;
        let recoveries = unfinished.into_iter().map(|entry| self.recover_one(entry));
        let mut recovered = stream::iter(recoveries).buffer_unordered(RECOVERY_CONCURRENCY);
        let mut landed = Vec::new();
        while let Some(purpose) = recovered.next().await {
            landed.extend(purpose?);
        }
        Ok(landed)
    }

    /// Returns the purpose of the transaction if it landed.
    async fn recover_one(&self, entry: JournalEntry) -> Result<Option<String>, ChainError> {
        let Ok(transaction) = decode(&entry.bytes) else {
            self.journal.end(&entry.signature, EndState::Failed).await?;
            return Ok(None);
        };
        let signature = transaction.signatures[0];
        let last_valid = entry.last_valid_block_height;
        let (state, slot) = match self.confirmer.confirm(&transaction, last_valid).await {
            TxOutcome::Landed { slot } => (EndState::Landed, slot),
            TxOutcome::Failed { slot, .. } => (EndState::Failed, slot),
            TxOutcome::Expired => (EndState::Expired, 0),
        };
        let purpose = (state == EndState::Landed).then(|| entry.purpose.clone());
        debug!(%signature, ?state, "recovered a transaction of an earlier run");
        self.conclude(entry, signature, state, slot).await?;
        Ok(purpose)
    }

    /// Removes a transaction from the journal, now or once its end is final.
    async fn conclude(
        &self,
        entry: JournalEntry,
        signature: Signature,
        state: EndState,
        slot: u64,
    ) -> Result<(), ChainError> {
        if self.retain == RetainUntil::Confirmed || state == EndState::Expired {
            return self.journal.end(&entry.signature, state).await;
        }
        self.finality.add(entry, signature, slot);
        Ok(())
    }

    /// How many transactions are confirmed and not final. Always 0 unless the policy retains
    /// transactions until they are final.
    pub fn unfinalized_count(&self) -> usize {
        self.finality.len()
    }

    /// Tracks confirmed transactions until they are final, and until `stop`. Those that are not final by
    /// then stay in the journal, for [`Sender::recover`].
    pub async fn track_finality(&self, stop: CancellationToken) {
        self.finality.run(&self.confirmer, stop).await;
    }

    /// Checks once whether confirmed transactions are final.
    ///
    /// # Errors
    /// Errors of the endpoint and the journal. Transactions that were not checked are kept.
    pub async fn check_finality(&self) -> Result<(), ChainError> {
        self.finality.check(&self.confirmer).await
    }
}
