//! Builds transactions: compute limit, price, blockhash, signatures.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use crate::tx::compute_budget::{MAX_COMPUTE_UNITS, TxShape, UnitEstimates, with_margin};
use crate::tx::fees::{FeePolicy, RecentPrices};
use crate::tx::packing::with_budget;
use crate::tx::policy::{BudgetPolicy, SendPolicy, SimulationMode};
use solana_client::rpc_config::RpcSimulateTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::hash::Hash;
use solana_sdk::instruction::{Instruction, InstructionError};
use solana_sdk::signature::{Keypair, Signer};
use solana_sdk::transaction::{Transaction, TransactionError, VersionedTransaction};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::debug;

/// What a transaction does, and who signs it. The first signer pays.
#[derive(Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub(super) instructions: &'a [Instruction],
    pub(super) signers: &'a [&'a Keypair],
}

/// A transaction that is ready to be sent.
pub(super) struct Signed {
    pub(super) transaction: VersionedTransaction,
    /// Block height after which it cannot land.
    pub(super) last_valid: u64,
    /// Compute units that its simulation consumed, or that of another transaction of its shape.
    pub(super) used: u32,
    /// Compute units that it may consume.
    pub(super) limit: u32,
}

#[derive(Clone, Copy)]
struct Blockhash {
    hash: Hash,
    last_valid: u64,
    read_at: Instant,
}

#[derive(Clone)]
pub(super) struct TxBuilder {
    rpc: Rpc,
    policy: SendPolicy,
    units: Arc<UnitEstimates>,
    prices: Arc<RecentPrices>,
    blockhash: Arc<Mutex<Option<Blockhash>>>,
}

impl TxBuilder {
    pub(super) fn new(rpc: Rpc, policy: SendPolicy) -> Self {
        Self {
            rpc,
            policy,
            units: Arc::default(),
            prices: Arc::default(),
            blockhash: Arc::default(),
        }
    }

    /// Prices and signs a transaction. `signing` counts from 0: each later signing pays more.
    pub(super) async fn build(
        &self,
        unsigned: Unsigned<'_>,
        signing: u32,
    ) -> Result<Signed, ChainError> {
        let Unsigned {
            instructions,
            signers,
        } = unsigned;
        match self.policy.budget {
            BudgetPolicy::Fixed { units, unit_price } => {
                let blockhash = self.blockhash().await?;
                let all = with_budget(instructions, units, unit_price);
                Ok(Signed {
                    transaction: sign(&all, signers, blockhash.hash),
                    last_valid: blockhash.last_valid,
                    used: units,
                    limit: units,
                })
            }
            BudgetPolicy::Estimated { fees, simulate } => {
                let (blockhash, recent) = tokio::join!(
                    self.blockhash(),
                    self.recent_prices(fees, instructions, signing > 0)
                );
                let blockhash = blockhash?;
                let (used, limit) = self.limit(simulate, unsigned, blockhash.hash).await?;
                let price = fees.price(&recent, limit, signing);
                let all = with_budget(instructions, limit, price);
                Ok(Signed {
                    transaction: sign(&all, signers, blockhash.hash),
                    last_valid: blockhash.last_valid,
                    used,
                    limit,
                })
            }
        }
    }

    /// Learns from a transaction that failed on chain with `limit` compute units. Returns whether it may
    /// succeed with more of them.
    pub(super) fn record_failure(
        &self,
        instructions: &[Instruction],
        limit: u32,
        error: &TransactionError,
    ) -> bool {
        if matches!(self.policy.budget, BudgetPolicy::Fixed { .. }) {
            return false;
        }
        let shape = TxShape::of(instructions);
        if ran_out_of_units(error) && limit < MAX_COMPUTE_UNITS {
            self.units.record_exceeded(&shape, limit);
            return true;
        }
        self.units.forget(&shape);
        false
    }

    /// A blockhash no older than the policy allows.
    async fn blockhash(&self) -> Result<Blockhash, ChainError> {
        if self.policy.blockhash_ttl.is_zero() {
            return self.latest_blockhash().await;
        }
        // Held while one is read, so that concurrent transactions share it.
        let mut shared = self.blockhash.lock().await;
        if let Some(known) = *shared
            && known.read_at.elapsed() < self.policy.blockhash_ttl
        {
            return Ok(known);
        }
        let latest = self.latest_blockhash().await?;
        *shared = Some(latest);
        Ok(latest)
    }

    async fn latest_blockhash(&self) -> Result<Blockhash, ChainError> {
        let commitment = CommitmentConfig::confirmed();
        let client = self.rpc.client();
        let latest = client.get_latest_blockhash_with_commitment(commitment);
        let (hash, last_valid) = latest.await.map_err(self.rpc.error("a blockhash"))?;
        Ok(Blockhash {
            hash,
            last_valid,
            read_at: Instant::now(),
        })
    }

    /// Missing prices are not an error: the transaction then pays the minimum, and more with the next
    /// signing.
    async fn recent_prices(
        &self,
        fees: FeePolicy,
        instructions: &[Instruction],
        refresh: bool,
    ) -> Vec<u64> {
        if fees.cap == 0 {
            return Vec::new();
        }
        let recent = self.prices.recent(&self.rpc, instructions, refresh).await;
        recent.unwrap_or_else(|error| {
            debug!(%error, "failed to read recent priority fees");
            Vec::new()
        })
    }

    /// Compute units that the transaction consumes, and those that it asks for.
    async fn limit(
        &self,
        mode: SimulationMode,
        unsigned: Unsigned<'_>,
        blockhash: Hash,
    ) -> Result<(u32, u32), ChainError> {
        let shape = TxShape::of(unsigned.instructions);
        if mode == SimulationMode::OncePerShape
            && let Some(used) = self.units.get(&shape)
        {
            return Ok((used, with_margin(used)));
        }
        match self.simulate(unsigned, blockhash).await {
            Ok(used) => {
                self.units.record(&shape, used);
                Ok((used, with_margin(used)))
            }
            // The endpoint cannot simulate now. What would be refused here is refused on chain.
            Err(error) if error.is_transient() => {
                debug!(%error, "failed to simulate; using the fallback limit");
                let fallback = shape.fallback_units();
                Ok((fallback, fallback))
            }
            Err(error) => Err(error),
        }
    }

    /// Compute units that the transaction would consume.
    ///
    /// # Errors
    /// The error with which the transaction would fail, and errors of the endpoint.
    async fn simulate(&self, unsigned: Unsigned<'_>, blockhash: Hash) -> Result<u32, ChainError> {
        let config = RpcSimulateTransactionConfig {
            sig_verify: true,
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcSimulateTransactionConfig::default()
        };
        let all = with_budget(unsigned.instructions, MAX_COMPUTE_UNITS, 0);
        let transaction = sign(&all, unsigned.signers, blockhash);
        let simulated = self
            .rpc
            .client()
            .simulate_transaction_with_config(&transaction, config)
            .await
            .map_err(self.rpc.error("a simulation"))?
            .value;
        if let Some(error) = simulated.err {
            let logs = simulated.logs.unwrap_or_default();
            return Err(ChainError::from_transaction(error.into(), logs));
        }
        let used = simulated.units_consumed.unwrap_or(MAX_COMPUTE_UNITS.into());
        Ok(u32::try_from(used).unwrap_or(MAX_COMPUTE_UNITS))
    }
}

/// Whether a transaction may have failed for lack of compute units. A program that runs out of them in
/// the middle of its own code "failed to complete".
fn ran_out_of_units(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::InstructionError(
            _,
            InstructionError::ComputationalBudgetExceeded
                | InstructionError::ProgramFailedToComplete
        )
    )
}

fn sign(all: &[Instruction], signers: &[&Keypair], blockhash: Hash) -> VersionedTransaction {
    let payer = signers.first().map(|key| key.pubkey());
    let signed = Transaction::new_signed_with_payer(all, payer.as_ref(), signers, blockhash);
    VersionedTransaction::from(signed)
}
