//! What the cluster charges: rent deposits and signature fees.

use crate::error::CliError;
use millrace_client::rpc::client::Rpc;

/// Lamports that the cluster charges for each signature of a transaction.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5_000;

/// Lamports that exempt an account of this size from rent.
pub async fn rent_exemption(rpc: &Rpc, bytes: usize) -> Result<u64, CliError> {
    let client = rpc.client();
    let rent = client.get_minimum_balance_for_rent_exemption(bytes).await;
    Ok(rent.map_err(rpc.error("the rent of an account"))?)
}
