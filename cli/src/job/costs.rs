//! What a job costs, before anything is signed.

use crate::error::CliError;
use crate::tokens::mints::TOKEN_ACCOUNT_BYTES;
use crate::ui::output::{sol, table, tokens};
use millrace_client::program::math::money;
use millrace_client::program::state::Client;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::fees::FeePolicy;
use serde::Serialize;

/// Lamports that the cluster takes for each signature of a transaction.
pub const LAMPORTS_PER_SIGNATURE: u64 = 5_000;

/// Lamports that accounts need so that they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRents {
    /// A job's account.
    pub job: u64,
    /// A client's account and its escrow vault.
    pub client: u64,
    /// A wallet that is not to vanish.
    pub wallet: u64,
}

impl JobRents {
    /// Asks the cluster, for a job whose account has `job_bytes`.
    pub async fn read(rpc: &Rpc, job_bytes: usize) -> Result<Self, CliError> {
        let of = async |bytes: usize| {
            let rent = rpc
                .client()
                .get_minimum_balance_for_rent_exemption(bytes)
                .await;
            rent.map_err(rpc.error("the rent of an account"))
        };
        let (job, client, escrow, wallet) = tokio::try_join!(
            of(job_bytes),
            of(Client::SIZE),
            of(TOKEN_ACCOUNT_BYTES),
            of(0)
        )?;
        Ok(Self {
            job,
            client: client.saturating_add(escrow),
            wallet,
        })
    }
}

/// The terms that costs depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedTerms {
    /// Most that a unit may cost, base units.
    pub price_cap: u64,
    /// Most units that a shard is paid for in a seat.
    pub max_units: u64,
    /// Most seats of a shard.
    pub max_replicas: u8,
    /// Shards.
    pub shards: u32,
    /// Protocol fee, basis points.
    pub fee_bps: u16,
}

/// All costs of a job. Amounts are base units of the payment token and lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct JobCosts {
    /// Put into escrow; what is not used comes back when the job closes.
    pub deposit: u64,
    /// The part of the deposit that providers get at most.
    pub max_provider_payout: u64,
    /// The part of the deposit that the protocol gets at most.
    pub max_fee: u64,
    /// Rent of the job's account; comes back when it closes.
    pub job_rent: u64,
    /// Rent of the wallet's client account, paid with its first job and kept.
    pub client_rent: u64,
    /// What the cluster takes for the transaction.
    pub network_fee: u64,
    /// Most that is paid on top of it, where others pay to be taken first.
    pub max_priority_fee: u64,
}

impl JobCosts {
    /// Computes the costs as the program will.
    ///
    /// # Errors
    /// [`CliError::CostTooLarge`].
    pub fn of(priced: PricedTerms, rents: &JobRents, opens_client: bool) -> Result<Self, CliError> {
        let too_large = |_| CliError::CostTooLarge;
        let cost = |fee_bps| {
            let shard = money::shard_cost(
                priced.price_cap,
                priced.max_units,
                priced.max_replicas,
                fee_bps,
            )?;
            money::mul(shard, u64::from(priced.shards))
        };
        let deposit = cost(priced.fee_bps).map_err(too_large)?;
        let max_provider_payout = cost(0).map_err(too_large)?;
        Ok(Self {
            deposit,
            max_provider_payout,
            max_fee: deposit - max_provider_payout,
            job_rent: rents.job,
            client_rent: if opens_client { rents.client } else { 0 },
            network_fee: LAMPORTS_PER_SIGNATURE,
            max_priority_fee: FeePolicy::default().cap,
        })
    }

    /// Lamports that the wallet has to have, apart from what it needs to stay.
    pub fn lamports(&self) -> u64 {
        self.job_rent
            .saturating_add(self.client_rent)
            .saturating_add(self.network_fee)
    }

    /// For people.
    pub fn table(&self, decimals: u8) -> String {
        let mut rows = vec![
            [
                "deposit".into(),
                tokens(self.deposit, decimals),
                "what is not used comes back when the job closes".into(),
            ],
            [
                "  for providers, at most".into(),
                tokens(self.max_provider_payout, decimals),
                "paid for each result that the quorum agrees on".into(),
            ],
            [
                "  protocol fee, at most".into(),
                tokens(self.max_fee, decimals),
                "on what providers are paid".into(),
            ],
            [
                "rent of the job".into(),
                sol(self.job_rent),
                "comes back when the job closes".into(),
            ],
        ];
        if self.client_rent > 0 {
            rows.push([
                "rent of your client account".into(),
                sol(self.client_rent),
                "once for each wallet, with its first job".into(),
            ]);
        }
        rows.push([
            "network fee".into(),
            sol(self.network_fee),
            "for the one signature".into(),
        ]);
        rows.push([
            "priority fee, at most".into(),
            sol(self.max_priority_fee),
            "only where others pay to be taken first".into(),
        ]);
        table(["", "amount", ""], &[1], rows)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const RENTS: JobRents = JobRents {
        job: 4_000,
        client: 3_000,
        wallet: 890,
    };
    const PRICED: PricedTerms = PricedTerms {
        price_cap: 2,
        max_units: 1_000,
        max_replicas: 3,
        shards: 8,
        fee_bps: 250,
    };

    #[test]
    fn the_deposit_is_every_seat_at_the_cap_with_its_fee() {
        let costs = JobCosts::of(PRICED, &RENTS, false).unwrap();
        assert_eq!(costs.max_provider_payout, 2 * 1_000 * 3 * 8);
        assert_eq!(costs.max_fee, 150 * 8);
        assert_eq!(costs.deposit, costs.max_provider_payout + costs.max_fee);
        assert_eq!(costs.lamports(), 4_000 + LAMPORTS_PER_SIGNATURE);
    }

    #[test]
    fn the_first_job_of_a_wallet_opens_its_client_account() {
        let first = JobCosts::of(PRICED, &RENTS, true).unwrap();
        let later = JobCosts::of(PRICED, &RENTS, false).unwrap();
        assert_eq!(first.lamports() - later.lamports(), RENTS.client);
        assert!(first.table(6).contains("client account"));
        assert!(!later.table(6).contains("client account"));
    }

    #[test]
    fn a_cost_beyond_64_bits_is_refused() {
        let priced = PricedTerms {
            price_cap: u64::MAX,
            ..PRICED
        };
        assert!(matches!(
            JobCosts::of(priced, &RENTS, false),
            Err(CliError::CostTooLarge)
        ));
    }
}
