//! The life of a transaction: priced, signed, written down, sent, re-sent as the same bytes, confirmed;
//! signed anew only after it can no longer land, and watched until nothing can undo it.

mod confirmation;
mod finality;
mod prepare;

#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

use crate::tx::compute_budget::MAX_COMPUTE_UNITS;

use crate::tx::compute_budget::TxShape;

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::tx::compute_budget::UnitEstimates;
use crate::tx::fees::{FeePolicy, RecentPrices};
use crate::tx::journal::{EndState, Journal, JournalEntry};
use crate::tx::observer::{Observer, TrackedTx, TxEvent};
use confirmation::{PollPolicy, TxOutcome};
use finality::Unfinalized;
use futures_util::{StreamExt, stream};
use solana_sdk::instruction::{Instruction, InstructionError};
use solana_sdk::signature::{Keypair, Signature};
use solana_sdk::transaction::{TransactionError, VersionedTransaction};
use std::sync::{Arc, Mutex};
use tracing::{debug, warn};

/// How often a transaction is signed anew before the caller is told.
const MAX_SIGNINGS: u32 = 3;
/// Transactions of an earlier run that are seen through at the same time.
const RECOVERY_CONCURRENCY: usize = 16;

/// When a transaction is simulated before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulationMode {
    /// Always: what would be refused is told before a fee is paid. For people.
    Always,
    /// Once for each shape, and again after one of that shape failed. For services, whose acts are
    /// planned from what is on chain, and which can't wait.
    OncePerShape,
}

/// When a transaction that landed is struck from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retain {
    /// As soon as it is confirmed.
    UntilConfirmed,
    /// Not before it is finalized: [`Sender::track_finality`] sends it again where a fork has dropped it.
    UntilFinalized,
}

/// How a sender goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendPolicy {
    /// What may be paid for a place in a block.
    pub fees: FeePolicy,
    /// When a transaction is simulated.
    pub simulate: SimulationMode,
    /// When it is struck from the journal.
    pub keep: Retain,
}

impl SendPolicy {
    /// For a command that a person waits for.
    pub fn command(fees: FeePolicy) -> Self {
        Self {
            fees,
            simulate: SimulationMode::Always,
            keep: Retain::UntilConfirmed,
        }
    }

    /// For a service that runs on, and runs [`Sender::track_finality`].
    pub fn service(fees: FeePolicy) -> Self {
        Self {
            fees,
            simulate: SimulationMode::OncePerShape,
            keep: Retain::UntilFinalized,
        }
    }
}

/// A transaction that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Its signature.
    pub signature: Signature,
    /// The slot of its block.
    pub slot: u64,
    /// Compute units that its simulation took, or that of another one of its shape.
    pub compute_units: u64,
}

/// Sends transactions and sees them through.
#[derive(Clone)]
pub struct Sender {
    rpc: Rpc,
    journal: Arc<dyn Journal>,
    observer: Arc<dyn Observer>,
    policy: SendPolicy,
    poll_policy: PollPolicy,
    units: Arc<UnitEstimates>,
    prices: Arc<RecentPrices>,
    unfinalized: Arc<Mutex<Vec<Unfinalized>>>,
}

impl Sender {
    /// A sender for commands, that writes every transaction into `journal` first.
    pub fn new(rpc: Rpc, journal: Arc<dyn Journal>) -> Self {
        Self::with_policy(rpc, journal, SendPolicy::command(FeePolicy::default()))
    }

    /// A sender that goes about it as `policy` says.
    pub fn with_policy(rpc: Rpc, journal: Arc<dyn Journal>, policy: SendPolicy) -> Self {
        Self {
            rpc,
            journal,
            observer: Arc::new(()),
            policy,
            poll_policy: PollPolicy::default(),
            units: Arc::default(),
            prices: Arc::default(),
            unfinalized: Arc::default(),
        }
    }

    /// The same, with somebody who hears of every step.
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// The endpoint.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Lands `instructions` in one transaction paid by the first signer; whether they fit into one is
    /// what [`crate::tx::packing::fits`] tells.
    ///
    /// `purpose` is kept in the journal. A transaction that expired is signed anew, so the
    /// instructions must be such that they can't take effect twice; all of the program's are.
    ///
    /// # Errors
    /// The program's refusal by name, before anything is sent where a simulation shows it.
    pub async fn send(
        &self,
        purpose: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Landed, ChainError> {
        let shape = TxShape::of(instructions);
        for signing in 0..MAX_SIGNINGS {
            let signed = self.prepare(&shape, instructions, signers, signing).await;
            let signed =
                signed.inspect_err(|error| self.observer.on_event(&TxEvent::Refused(error)))?;
            let signature = signed.transaction.signatures[0];
            let entry = JournalEntry {
                signature: signature.to_string(),
                bytes: encode(&signed.transaction)?,
                last_valid_block_height: signed.last_valid,
                purpose: purpose.to_owned(),
            };
            self.journal.begin(&entry).await?;
            let mut watched = TrackedTx::sent(self.observer.as_ref(), signature, signing > 0);
            match self.confirm(&signed.transaction, signed.last_valid).await? {
                TxOutcome::Landed { slot } => {
                    watched.landed();
                    self.conclude(entry, EndState::Landed, slot).await?;
                    return Ok(Landed {
                        signature,
                        slot,
                        compute_units: u64::from(signed.used),
                    });
                }
                TxOutcome::Failed { error, slot } => {
                    let named = ChainError::from_transaction(error.clone(), Vec::new());
                    watched.ended(&TxEvent::Failed {
                        signature,
                        error: &named,
                    });
                    self.conclude(entry, EndState::Failed, slot).await?;
                    if ran_out(&error) && signed.limit < MAX_COMPUTE_UNITS {
                        self.units.exceeded(&shape, signed.limit);
                        debug!(%signature, purpose, limit = signed.limit, "too few compute units");
                        continue;
                    }
                    self.units.forget(&shape);
                    return Err(named);
                }
                TxOutcome::Expired => {
                    watched.ended(&TxEvent::Expired { signature });
                    self.journal
                        .end(&entry.signature, EndState::Expired)
                        .await?;
                    warn!(%signature, purpose, "transaction expired, signing anew");
                }
            }
        }
        Err(ChainError::Expired {
            attempts: MAX_SIGNINGS,
        })
    }

    /// Sees through what an earlier process left open: re-sends the same bytes until each has landed
    /// or can't any more. Returns the purposes that landed.
    ///
    /// # Errors
    /// Those of the journal, and of an endpoint that refuses for good.
    pub async fn recover(&self) -> Result<Vec<String>, ChainError> {
        let mut landed = Vec::new();
        let open = self.journal.unfinished().await?;
        let mut fates = stream::iter(open.into_iter().map(|entry| self.recover_one(entry)))
            .buffer_unordered(RECOVERY_CONCURRENCY);
        while let Some(purpose) = fates.next().await {
            landed.extend(purpose?);
        }
        Ok(landed)
    }

    /// Returns the purpose, if it landed.
    async fn recover_one(&self, entry: JournalEntry) -> Result<Option<String>, ChainError> {
        let Ok(transaction) = decode(&entry.bytes) else {
            self.journal.end(&entry.signature, EndState::Failed).await?;
            return Ok(None);
        };
        let last_valid = entry.last_valid_block_height;
        let (ending, slot) = match self.confirm(&transaction, last_valid).await? {
            TxOutcome::Landed { slot } => (EndState::Landed, slot),
            TxOutcome::Failed { slot, .. } => (EndState::Failed, slot),
            TxOutcome::Expired => (EndState::Expired, 0),
        };
        let purpose = (ending == EndState::Landed).then(|| entry.purpose.clone());
        debug!(
            signature = entry.signature,
            ?ending,
            "transaction of an earlier run"
        );
        self.conclude(entry, ending, slot).await?;
        Ok(purpose)
    }

    /// Strikes a transaction from the journal, now or once its end is final.
    async fn conclude(
        &self,
        entry: JournalEntry,
        ending: EndState,
        slot: u64,
    ) -> Result<(), ChainError> {
        if self.policy.keep == Retain::UntilConfirmed || ending == EndState::Expired {
            return self.journal.end(&entry.signature, ending).await;
        }
        self.unfinalized().push(Unfinalized { entry, slot });
        Ok(())
    }
}

/// Whether a transaction may have failed for want of compute units. A program that is cut short in the
/// middle of its own code has «failed to complete».
fn ran_out(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::InstructionError(
            _,
            InstructionError::ComputationalBudgetExceeded
                | InstructionError::ProgramFailedToComplete
        )
    )
}

fn encode(transaction: &VersionedTransaction) -> Result<Vec<u8>, ChainError> {
    bincode::serialize(transaction).map_err(|e| ChainError::Journal(e.to_string()))
}

fn decode(bytes: &[u8]) -> Result<VersionedTransaction, ChainError> {
    bincode::deserialize(bytes).map_err(|e| ChainError::Journal(e.to_string()))
}
