//! Costs of a job, computed before anything is signed.

use crate::error::CliError;
use crate::tokens::mints::TOKEN_ACCOUNT_BYTES;
use crate::tokens::rent::{LAMPORTS_PER_SIGNATURE, rent_exemption};
use crate::ui::output::{sol, table, tokens};
use millrace_client::program::math::money;
use millrace_client::program::state::Client;
use millrace_client::rpc::client::Rpc;
use millrace_client::tx::fees::FeePolicy;
use serde::Serialize;

/// Rent exemptions in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobRents {
    /// The job's account.
    pub job: u64,
    /// The client account and its escrow vault.
    pub client: u64,
    /// The wallet.
    pub wallet: u64,
}

impl JobRents {
    /// Reads the exemptions for a job whose account has `job_bytes`.
    pub async fn read(rpc: &Rpc, job_bytes: usize) -> Result<Self, CliError> {
        let (job, client, escrow, wallet) = tokio::try_join!(
            rent_exemption(rpc, job_bytes),
            rent_exemption(rpc, Client::SIZE),
            rent_exemption(rpc, TOKEN_ACCOUNT_BYTES),
            rent_exemption(rpc, 0)
        )?;
        Ok(Self {
            job,
            client: client.saturating_add(escrow),
            wallet,
        })
    }
}

/// The terms that determine the costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedTerms {
    /// Maximum price per unit, base units.
    pub price_cap: u64,
    /// Maximum units paid per seat.
    pub max_units: u64,
    /// Maximum seats per shard.
    pub max_replicas: u8,
    pub shards: u32,
    /// Basis points.
    pub fee_bps: u16,
}

/// Costs of a job, in base units of the payment token and in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct JobCosts {
    /// Base units put into escrow. The rest is refunded when the job closes.
    pub deposit: u64,
    /// Maximum part of the deposit that is paid to providers.
    pub max_provider_payout: u64,
    /// Maximum part of the deposit that is paid to the protocol.
    pub max_fee: u64,
    /// Lamports of the job's account, returned when it closes.
    pub job_rent: u64,
    /// Lamports of the wallet's client account, paid once with its first job.
    pub client_rent: u64,
    /// Lamports for the signature.
    pub network_fee: u64,
    /// Maximum lamports for priority, paid only if the cluster is busy.
    pub max_priority_fee: u64,
}

impl JobCosts {
    /// Computes the costs like the program.
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

    /// Lamports that the wallet needs besides its own rent exemption.
    pub fn lamports(&self) -> u64 {
        self.job_rent
            .saturating_add(self.client_rent)
            .saturating_add(self.network_fee)
    }

    pub fn table(&self, decimals: u8) -> String {
        let mut rows = vec![
            [
                "deposit".into(),
                tokens(self.deposit, decimals),
                "the rest is refunded when the job closes".into(),
            ],
            [
                "  for providers, at most".into(),
                tokens(self.max_provider_payout, decimals),
                "paid for results that the quorum agrees on".into(),
            ],
            [
                "  protocol fee, at most".into(),
                tokens(self.max_fee, decimals),
                "on payments to providers".into(),
            ],
            [
                "rent of the job".into(),
                sol(self.job_rent),
                "returned when the job closes".into(),
            ],
        ];
        if self.client_rent > 0 {
            rows.push([
                "rent of your client account".into(),
                sol(self.client_rent),
                "paid once, with the first job".into(),
            ]);
        }
        rows.push([
            "network fee".into(),
            sol(self.network_fee),
            "for one signature".into(),
        ]);
        rows.push([
            "priority fee, at most".into(),
            sol(self.max_priority_fee),
            "only if the cluster is busy".into(),
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
    fn deposit_covers_every_seat_at_the_price_cap_and_the_fee() {
        let costs = JobCosts::of(PRICED, &RENTS, false).unwrap();
        assert_eq!(costs.max_provider_payout, 2 * 1_000 * 3 * 8);
        assert_eq!(costs.max_fee, 150 * 8);
        assert_eq!(costs.deposit, costs.max_provider_payout + costs.max_fee);
        assert_eq!(costs.lamports(), 4_000 + LAMPORTS_PER_SIGNATURE);
    }

    #[test]
    fn first_job_of_a_wallet_opens_its_client_account() {
        let first = JobCosts::of(PRICED, &RENTS, true).unwrap();
        let later = JobCosts::of(PRICED, &RENTS, false).unwrap();
        assert_eq!(first.lamports() - later.lamports(), RENTS.client);
        assert!(first.table(6).contains("client account"));
        assert!(!later.table(6).contains("client account"));
    }

    #[test]
    fn cost_beyond_64_bits_is_refused() {
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
