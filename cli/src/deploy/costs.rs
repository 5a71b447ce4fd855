//! Costs of putting a program on chain, computed before anything is signed.

use crate::error::CliError;
use crate::tokens::rent::{LAMPORTS_PER_SIGNATURE, rent_exemption};
use crate::ui::output::{sol, table};
use millrace_client::deploy::state::{
    BUFFER_HEADER_BYTES, MAX_ACCOUNT_BYTES, PROGRAM_ACCOUNT_BYTES, PROGRAM_DATA_HEADER_BYTES,
};
use millrace_client::deploy::writer::WRITE_UNITS;
use millrace_client::rpc::client::Rpc;
use serde::Serialize;

/// Minimum bytes by which the loader extends a program (SIMD-0431), unless fewer are left up to the
/// maximum account size.
const MIN_GROWTH: usize = 10_240;

/// Rent exemptions in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeployRents {
    /// The account at the program's own address.
    pub program: u64,
    /// The account with the program's bytes and the room after them.
    pub data: u64,
    /// The buffer for the new bytes.
    pub buffer: u64,
    /// The paying wallet.
    pub wallet: u64,
}

impl DeployRents {
    /// Reads the exemptions for `length` new bytes in a program with `room` bytes.
    pub async fn read(rpc: &Rpc, length: usize, room: usize) -> Result<Self, CliError> {
        let (program, data, buffer, wallet) = tokio::try_join!(
            rent_exemption(rpc, PROGRAM_ACCOUNT_BYTES),
            rent_exemption(rpc, PROGRAM_DATA_HEADER_BYTES + room),
            rent_exemption(rpc, BUFFER_HEADER_BYTES + length),
            rent_exemption(rpc, 0)
        )?;
        Ok(Self {
            program,
            data,
            buffer,
            wallet,
        })
    }
}

/// The state of the accounts, and what an upload has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadPlan {
    /// Chunks to write.
    pub chunks: usize,
    /// Lamports in the buffer; `None` if there is no buffer yet.
    pub in_buffer: Option<u64>,
    /// Lamports of the account with the program's bytes; `None` for a new program.
    pub in_data: Option<u64>,
    /// The program has to be extended first.
    pub grows: bool,
    /// Priority fee of a write, micro-lamports per compute unit.
    pub unit_price: u64,
}

/// Costs in lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DeployCosts {
    /// Rent of the account at the program's address; locked as long as the program exists.
    pub program_rent: u64,
    /// Missing rent of the program's bytes and room; locked as long as the program exists.
    pub data_rent: u64,
    /// Rent of a buffer that is not created yet.
    pub buffer_rent: u64,
    /// Lamports that return from the buffer at the end.
    pub buffer_returns: u64,
    /// Signature and priority fees of all transactions.
    pub network_fees: u64,
    pub transactions: u64,
}

impl DeployCosts {
    pub fn of(plan: UploadPlan, rents: &DeployRents) -> Self {
        let is_new = plan.in_data.is_none();
        let chunks = plan.chunks as u64;
        // Creating the buffer, extending the program, and the final instruction, which the key of a new
        // program signs too.
        let others = u64::from(plan.in_buffer.is_none()) + u64::from(plan.grows) + 1;
        let signatures = chunks + others + u64::from(is_new);
        let priority = plan
            .unit_price
            .saturating_mul(u64::from(WRITE_UNITS))
            .div_ceil(1_000_000);
        let fees = signatures
            .saturating_mul(LAMPORTS_PER_SIGNATURE)
            .saturating_add(chunks.saturating_mul(priority));
        let buffer_rent = match plan.in_buffer {
            Some(_) => 0,
            None => rents.buffer,
        };
        Self {
            program_rent: if is_new { rents.program } else { 0 },
            data_rent: rents.data.saturating_sub(plan.in_data.unwrap_or(0)),
            buffer_rent,
            buffer_returns: buffer_rent.saturating_add(plan.in_buffer.unwrap_or(0)),
            network_fees: fees,
            transactions: chunks + others,
        }
    }

    /// Maximum that the wallet spends at any time, besides its own rent exemption. The buffer is emptied
    /// into the wallet before the bytes of a new program are paid for, but after an existing program is
    /// extended.
    pub fn peak(&self) -> u64 {
        let before = self
            .program_rent
            .saturating_add(self.buffer_rent)
            .saturating_add(self.network_fees);
        let data = match self.program_rent {
            0 => self.data_rent,
            _ => self.data_rent.saturating_sub(self.buffer_returns),
        };
        before.saturating_add(data)
    }

    /// What the wallet has lost at the end; 0 if an earlier run paid for the buffer and more returns than
    /// is spent.
    pub fn net_cost(&self) -> u64 {
        let all = [
            self.program_rent,
            self.data_rent,
            self.buffer_rent,
            self.network_fees,
        ];
        let all = all.into_iter().fold(0u64, u64::saturating_add);
        all.saturating_sub(self.buffer_returns)
    }

    pub fn table(&self) -> String {
        let mut rows = Vec::new();
        if self.program_rent > 0 {
            rows.push([
                "rent of the program's address".into(),
                sol(self.program_rent),
                "locked as long as the program exists".into(),
            ]);
        }
        if self.data_rent > 0 {
            rows.push([
                "rent of its bytes".into(),
                sol(self.data_rent),
                "locked as long as the program exists".into(),
            ]);
        }
        rows.push([
            "rent of the buffer".into(),
            sol(self.buffer_rent),
            "returns at the end, or with `network buffers close`".into(),
        ]);
        rows.push([
            "network fees".into(),
            sol(self.network_fees),
            format!("for {} transactions", self.transactions),
        ]);
        rows.push([
            "needed in the wallet".into(),
            sol(self.peak()),
            "at most, at any time".into(),
        ]);
        rows.push([
            "net cost".into(),
            sol(self.net_cost()),
            format!("after {} return from the buffer", sol(self.buffer_returns)),
        ]);
        table(["", "amount", ""], &[1], rows)
    }
}

/// Bytes by which a program with `room` bytes has to be extended for `wanted` bytes; `None` if they fit.
pub fn growth(room: usize, wanted: usize) -> Option<u32> {
    let missing = wanted.checked_sub(room).filter(|missing| *missing > 0)?;
    let max = MAX_ACCOUNT_BYTES.saturating_sub(PROGRAM_DATA_HEADER_BYTES + room);
    // At most 10 MiB.
    u32::try_from(missing.max(MIN_GROWTH).min(max)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENTS: DeployRents = DeployRents {
        program: 1_000,
        data: 90_000,
        buffer: 80_000,
        wallet: 890,
    };
    const NEW: UploadPlan = UploadPlan {
        chunks: 10,
        in_buffer: None,
        in_data: None,
        grows: false,
        unit_price: 0,
    };

    #[test]
    fn new_program_costs_two_accounts_and_a_temporary_buffer() {
        let costs = DeployCosts::of(NEW, &RENTS);
        // Ten chunks, the buffer, and the final instruction with two signatures.
        assert_eq!(costs.network_fees, 13 * LAMPORTS_PER_SIGNATURE);
        assert_eq!(costs.transactions, 12);
        assert_eq!(costs.net_cost(), 91_000 + costs.network_fees);
        // The buffer's rent returns before the program's bytes are paid for.
        assert_eq!(costs.peak(), 1_000 + 90_000 + costs.network_fees);
    }

    #[test]
    fn second_run_does_not_pay_again_for_the_buffer_and_written_chunks() {
        let again = UploadPlan {
            chunks: 3,
            in_buffer: Some(80_000),
            ..NEW
        };
        let costs = DeployCosts::of(again, &RENTS);
        assert_eq!(costs.buffer_rent, 0);
        assert_eq!(costs.network_fees, 5 * LAMPORTS_PER_SIGNATURE);
        assert_eq!(costs.peak(), 1_000 + 10_000 + costs.network_fees);
    }

    #[test]
    fn upgrade_pays_for_the_extension_and_temporarily_for_the_buffer() {
        let same = UploadPlan {
            in_data: Some(90_000),
            ..NEW
        };
        let costs = DeployCosts::of(same, &RENTS);
        assert_eq!((costs.program_rent, costs.data_rent), (0, 0));
        assert_eq!(costs.peak(), 80_000 + costs.network_fees);
        assert_eq!(costs.net_cost(), costs.network_fees);
        let larger = UploadPlan {
            in_data: Some(70_000),
            grows: true,
            ..NEW
        };
        let grown = DeployCosts::of(larger, &RENTS);
        assert_eq!(grown.data_rent, 20_000);
        assert_eq!(grown.peak(), 100_000 + grown.network_fees);
        assert_eq!(grown.transactions, costs.transactions + 1);
    }

    #[test]
    fn priority_fee_is_paid_with_each_write() {
        let priced = UploadPlan {
            unit_price: 1_000,
            ..NEW
        };
        let extra = DeployCosts::of(priced, &RENTS).network_fees
            - DeployCosts::of(NEW, &RENTS).network_fees;
        assert_eq!(extra, 10 * u64::from(WRITE_UNITS) / 1_000);
    }

    #[test]
    fn extension_is_at_least_the_loaders_minimum_and_at_most_the_maximum_size() {
        assert_eq!(growth(100, 100), None);
        assert_eq!(growth(100, 101), Some(10_240));
        assert_eq!(growth(100, 50_100), Some(50_000));
        let nearly = MAX_ACCOUNT_BYTES - PROGRAM_DATA_HEADER_BYTES - 7;
        assert_eq!(growth(nearly, nearly + 1), Some(7));
    }
}
