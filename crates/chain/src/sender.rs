//! The life of a transaction: simulated, signed, written down, sent, re-sent as the same bytes,
//! confirmed; signed anew only after it can no longer land.

use crate::error::ChainError;
use crate::journal::{Ending, Entry, Journal};
use crate::observe::{Event, Observer, Watched};
use crate::rpc::Rpc;
use solana_client::rpc_config::{RpcSendTransactionConfig, RpcSimulateTransactionConfig};
use solana_commitment_config::CommitmentConfig;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::signature::{Keypair, Signature, Signer};
use solana_sdk::transaction::{Transaction, TransactionError, VersionedTransaction};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

const COMPUTE_BUDGET: Pubkey = pubkey!("ComputeBudget111111111111111111111111111111");
/// Most compute units of a transaction.
const MAX_UNITS: u32 = 1_400_000;
/// Room above what the simulation took, in percent: bumps and clocks differ a little.
const UNITS_ROOM: u32 = 20;
const FIRST_POLL: Duration = Duration::from_millis(40);
const LONGEST_POLL: Duration = Duration::from_millis(400);
const RESEND_EVERY: Duration = Duration::from_secs(2);
/// How often a transaction is signed anew before the caller is told.
const MOST_SIGNINGS: u32 = 3;

/// A transaction that was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// Its signature.
    pub signature: Signature,
    /// The slot that it landed in.
    pub slot: u64,
    /// Compute units that its simulation took.
    pub compute_units: u64,
}

/// Sends transactions and sees them through.
#[derive(Clone)]
pub struct Sender {
    rpc: Rpc,
    journal: Arc<dyn Journal>,
    observer: Arc<dyn Observer>,
}

enum Fate {
    Landed(u64),
    Failed(TransactionError),
    Expired,
}

impl Sender {
    /// A sender that writes every transaction into `journal` first.
    pub fn new(rpc: Rpc, journal: Arc<dyn Journal>) -> Self {
        Self {
            rpc,
            journal,
            observer: Arc::new(()),
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

    /// Lands `instructions` in one transaction paid by the first signer.
    ///
    /// `purpose` is kept in the journal. A transaction that expired is signed anew, so the
    /// instructions must be such that they can't take effect twice; all of the program's are.
    ///
    /// # Errors
    /// The program's refusal by name, before anything is sent where the simulation shows it.
    pub async fn send(
        &self,
        purpose: &str,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<Landed, ChainError> {
        for signing in 0..MOST_SIGNINGS {
            let prepared = self.prepare(instructions, signers).await;
            let (transaction, last_valid, compute_units) =
                prepared.inspect_err(|error| self.observer.saw(&Event::Refused(error)))?;
            let signature = transaction.signatures[0];
            let entry = Entry {
                signature: signature.to_string(),
                bytes: encode(&transaction)?,
                last_valid_block_height: last_valid,
                purpose: purpose.to_owned(),
            };
            self.journal.begin(&entry)?;
            let mut watched = Watched::sent(self.observer.as_ref(), signature, signing > 0);
            match self.see_through(&transaction, last_valid).await? {
                Fate::Landed(slot) => {
                    watched.landed();
                    self.journal.end(&entry.signature, Ending::Landed)?;
                    return Ok(Landed {
                        signature,
                        slot,
                        compute_units,
                    });
                }
                Fate::Failed(error) => {
                    let error = ChainError::from_transaction(error, Vec::new());
                    watched.ended(&Event::Failed {
                        signature,
                        error: &error,
                    });
                    self.journal.end(&entry.signature, Ending::Failed)?;
                    return Err(error);
                }
                Fate::Expired => {
                    watched.ended(&Event::Expired { signature });
                    self.journal.end(&entry.signature, Ending::Expired)?;
                    warn!(%signature, purpose, "transaction expired, signing anew");
                }
            }
        }
        Err(ChainError::Expired {
            attempts: MOST_SIGNINGS,
        })
    }

    /// Sees through what an earlier process left open: re-sends the same bytes until each has landed
    /// or can't any more. Returns the purposes that landed.
    pub async fn recover(&self) -> Result<Vec<String>, ChainError> {
        let mut landed = Vec::new();
        for entry in self.journal.open()? {
            let Ok(transaction) = decode(&entry.bytes) else {
                self.journal.end(&entry.signature, Ending::Failed)?;
                continue;
            };
            let fate = self
                .see_through(&transaction, entry.last_valid_block_height)
                .await?;
            let ending = match fate {
                Fate::Landed(_) => Ending::Landed,
                Fate::Failed(_) => Ending::Failed,
                Fate::Expired => Ending::Expired,
            };
            self.journal.end(&entry.signature, ending)?;
            debug!(
                signature = entry.signature,
                ?ending,
                "transaction of an earlier run"
            );
            if ending == Ending::Landed {
                landed.push(entry.purpose);
            }
        }
        Ok(landed)
    }

    /// Simulates, and returns the signed transaction with its last valid block height and the compute
    /// units that it took.
    async fn prepare(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<(VersionedTransaction, u64, u64), ChainError> {
        let commitment = CommitmentConfig::confirmed();
        let client = self.rpc.client();
        let (blockhash, last_valid) = client
            .get_latest_blockhash_with_commitment(commitment)
            .await
            .map_err(self.rpc.error("a blockhash"))?;
        let payer = signers.first().map(|k| k.pubkey());
        let sign = |units: u32| {
            let mut all = vec![set_compute_unit_limit(units)];
            all.extend_from_slice(instructions);
            let transaction =
                Transaction::new_signed_with_payer(&all, payer.as_ref(), signers, blockhash);
            VersionedTransaction::from(transaction)
        };
        let config = RpcSimulateTransactionConfig {
            sig_verify: true,
            commitment: Some(commitment),
            ..RpcSimulateTransactionConfig::default()
        };
        let simulated = client
            .simulate_transaction_with_config(&sign(MAX_UNITS), config)
            .await
            .map_err(self.rpc.error("a simulation"))?
            .value;
        if let Some(error) = simulated.err {
            let logs = simulated.logs.unwrap_or_default();
            return Err(ChainError::from_transaction(error.into(), logs));
        }
        let used = simulated.units_consumed.unwrap_or(u64::from(MAX_UNITS));
        let used32 = u32::try_from(used).unwrap_or(MAX_UNITS);
        let limit = used32
            .saturating_add(used32 / 100 * UNITS_ROOM + 1_000)
            .min(MAX_UNITS);
        Ok((sign(limit), last_valid, used))
    }

    /// Sends, re-sends and asks until the fate is known. Only a fault of the endpoint while it is
    /// unknown is an error: the journal still has the entry then.
    async fn see_through(
        &self,
        transaction: &VersionedTransaction,
        last_valid: u64,
    ) -> Result<Fate, ChainError> {
        let signature = transaction.signatures[0];
        let (mut sent, mut poll) = (None::<Instant>, FIRST_POLL);
        loop {
            if sent.is_none_or(|at| at.elapsed() >= RESEND_EVERY) {
                if sent.is_some() {
                    self.observer.saw(&Event::Resent { signature });
                }
                self.push(transaction).await;
                sent = Some(Instant::now());
            }
            sleep(poll).await;
            poll = (poll * 5 / 4).min(LONGEST_POLL);
            match self.status(&signature).await {
                Ok(Some(fate)) => return Ok(fate),
                Ok(None) => {}
                Err(error) if error.is_transient() => {
                    debug!(%signature, %error, "asking for a transaction failed");
                    continue;
                }
                Err(error) => return Err(error),
            }
            if poll == LONGEST_POLL && self.is_past(last_valid).await {
                // Looked at once more after the height: it may have landed in its last block.
                return Ok(self.status(&signature).await?.unwrap_or(Fate::Expired));
            }
        }
    }

    /// Sends once. Its errors are not decisive: the status is.
    async fn push(&self, transaction: &VersionedTransaction) {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let answer = self
            .rpc
            .client()
            .send_transaction_with_config(transaction, config)
            .await;
        if let Err(error) = answer {
            debug!(signature = %transaction.signatures[0], %error, "send was not taken");
        }
    }

    async fn status(&self, signature: &Signature) -> Result<Option<Fate>, ChainError> {
        let client = self.rpc.client();
        let answer = client
            .get_signature_statuses(&[*signature])
            .await
            .map_err(self.rpc.error("a signature's status"))?;
        let Some(Some(status)) = answer.value.into_iter().next() else {
            return Ok(None);
        };
        if !status.satisfies_commitment(CommitmentConfig::confirmed()) {
            return Ok(None);
        }
        Ok(Some(match status.err {
            Some(error) => Fate::Failed(error),
            None => Fate::Landed(status.slot),
        }))
    }

    async fn is_past(&self, last_valid: u64) -> bool {
        let commitment = CommitmentConfig::confirmed();
        let height = self
            .rpc
            .client()
            .get_block_height_with_commitment(commitment)
            .await;
        height.is_ok_and(|height| height > last_valid)
    }
}

/// Instruction 2 of the compute budget program.
fn set_compute_unit_limit(units: u32) -> Instruction {
    let mut data = vec![2];
    data.extend(units.to_le_bytes());
    Instruction {
        program_id: COMPUTE_BUDGET,
        accounts: Vec::new(),
        data,
    }
}

fn encode(transaction: &VersionedTransaction) -> Result<Vec<u8>, ChainError> {
    bincode::serialize(transaction).map_err(|e| ChainError::Journal(e.to_string()))
}

fn decode(bytes: &[u8]) -> Result<VersionedTransaction, ChainError> {
    bincode::deserialize(bytes).map_err(|e| ChainError::Journal(e.to_string()))
}
