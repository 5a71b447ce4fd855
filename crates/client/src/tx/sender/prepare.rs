//! Before a transaction is sent: its compute limit, its price, its signature.

use super::{Sender, SimulationMode};
use crate::error::ChainError;
use crate::tx::compute_budget::{MAX_COMPUTE_UNITS, TxShape, with_margin};
use crate::tx::packing::with_budget;
use solana_client::rpc_config::RpcSimulateTransactionConfig;
use solana_commitment_config::CommitmentConfig;
use solana_sdk::hash::Hash;
use solana_sdk::instruction::Instruction;
use solana_sdk::signature::{Keypair, Signer};
use solana_sdk::transaction::{Transaction, VersionedTransaction};
use tracing::debug;

/// A transaction that may be sent.
pub(super) struct Signed {
    pub(super) transaction: VersionedTransaction,
    /// Block height after which it can't land.
    pub(super) last_valid: u64,
    /// Compute units that it, or another one of its shape, took.
    pub(super) used: u32,
    /// Compute units that it may take.
    pub(super) limit: u32,
}

impl Sender {
    pub(super) async fn prepare(
        &self,
        shape: &TxShape,
        instructions: &[Instruction],
        signers: &[&Keypair],
        signing: u32,
    ) -> Result<Signed, ChainError> {
        let blockhash = async {
            let commitment = CommitmentConfig::confirmed();
            let client = self.rpc.client();
            let latest = client.get_latest_blockhash_with_commitment(commitment);
            latest.await.map_err(self.rpc.error("a blockhash"))
        };
        let (latest, recent) =
            tokio::join!(blockhash, self.recent_prices(instructions, signing > 0));
        let (blockhash, last_valid) = latest?;
        let (used, limit) = self.limit(shape, instructions, signers, blockhash).await?;
        let price = self.policy.fees.price(&recent, limit, signing);
        let all = with_budget(instructions, limit, price);
        Ok(Signed {
            transaction: sign(&all, signers, blockhash),
            last_valid,
            used,
            limit,
        })
    }

    /// Prices are no reason to fail: without them the least is paid, and more with the next signing.
    async fn recent_prices(&self, instructions: &[Instruction], anew: bool) -> Vec<u64> {
        if self.policy.fees.cap == 0 {
            return Vec::new();
        }
        let recent = self.prices.recent(&self.rpc, instructions, anew).await;
        recent.unwrap_or_else(|error| {
            debug!(%error, "no recent prices");
            Vec::new()
        })
    }

    /// Compute units that the transaction takes, and those that it asks for.
    async fn limit(
        &self,
        shape: &TxShape,
        instructions: &[Instruction],
        signers: &[&Keypair],
        blockhash: Hash,
    ) -> Result<(u32, u32), ChainError> {
        let known = match self.policy.simulate {
            SimulationMode::OncePerShape => self.units.get(shape),
            SimulationMode::Always => None,
        };
        if let Some(used) = known {
            return Ok((used, with_margin(used)));
        }
        match self.simulate(instructions, signers, blockhash).await {
            Ok(used) => {
                self.units.learn(shape, used);
                Ok((used, with_margin(used)))
            }
            // The endpoint does not simulate now. What is refused will be so on chain.
            Err(error) if error.is_transient() => {
                debug!(%error, "no simulation");
                let all = shape.fallback_units();
                Ok((all, all))
            }
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// What the transaction would be refused with; a fault of the endpoint.
    async fn simulate(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        blockhash: Hash,
    ) -> Result<u32, ChainError> {
        let config = RpcSimulateTransactionConfig {
            sig_verify: true,
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcSimulateTransactionConfig::default()
        };
        let all = with_budget(instructions, MAX_COMPUTE_UNITS, 0);
        let transaction = sign(&all, signers, blockhash);
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
        let used = simulated
            .units_consumed
            .unwrap_or(u64::from(MAX_COMPUTE_UNITS));
        Ok(u32::try_from(used).unwrap_or(MAX_COMPUTE_UNITS))
    }
}

fn sign(all: &[Instruction], signers: &[&Keypair], blockhash: Hash) -> VersionedTransaction {
    let payer = signers.first().map(|key| key.pubkey());
    let signed = Transaction::new_signed_with_payer(all, payer.as_ref(), signers, blockhash);
    VersionedTransaction::from(signed)
}
