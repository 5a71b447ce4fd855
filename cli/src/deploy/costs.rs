//! What it costs to put a program on chain, before anything is signed.

use crate::error::CliError;
use crate::job::costs::LAMPORTS_PER_SIGNATURE;
use crate::ui::output::{sol, table};
use millrace_client::deploy::state::{
    BUFFER_HEADER_BYTES, MAX_ACCOUNT_BYTES, PROGRAM_ACCOUNT_BYTES, PROGRAM_DATA_HEADER_BYTES,
};
use millrace_client::deploy::writer::WRITE_UNITS;
use millrace_client::rpc::client::Rpc;
use serde::Serialize;

/// Least growth that the loader takes at once (SIMD-0431), but for the last bytes before the most.
const MIN_GROWTH: usize = 10_240;

/// Lamports that accounts need so that they stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeployRents {
    /// The account at the program's own address.
    pub program: u64,
    /// The account with the program's bytes and the room behind them.
    pub data: u64,
    /// A buffer for the new bytes.
    pub buffer: u64,
    /// A wallet that is not to vanish.
    pub wallet: u64,
}

impl DeployRents {
    /// Asks the cluster, for new bytes of this length in a program with this much room.
    pub async fn read(rpc: &Rpc, length: usize, room: usize) -> Result<Self, CliError> {
        let of = async |bytes: usize| {
            let client = rpc.client();
            let rent = client.get_minimum_balance_for_rent_exemption(bytes).await;
            rent.map_err(rpc.error("the rent of an account"))
        };
        let (program, data, buffer, wallet) = tokio::try_join!(
            of(PROGRAM_ACCOUNT_BYTES),
            of(PROGRAM_DATA_HEADER_BYTES + room),
            of(BUFFER_HEADER_BYTES + length),
            of(0)
        )?;
        Ok(Self {
            program,
            data,
            buffer,
            wallet,
        })
    }
}

/// What is there already, and what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadPlan {
    /// Pieces to be written.
    pub pieces: usize,
    /// Lamports in the buffer; nothing where there is none yet.
    pub in_buffer: Option<u64>,
    /// Lamports of the account with the program's bytes; nothing where the program is new.
    pub in_data: Option<u64>,
    /// The program grows first.
    pub grows: bool,
    /// Micro-lamports for each compute unit of a write.
    pub unit_price: u64,
}

/// All costs, lamports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DeployCosts {
    /// Rent of the account at the program's address; stays there.
    pub program_rent: u64,
    /// Rent of the program's bytes and their room that is not there yet; stays there.
    pub data_rent: u64,
    /// What the buffer still takes.
    pub buffer_rent: u64,
    /// What comes back out of the buffer at the end.
    pub buffer_returns: u64,
    /// What the cluster takes for the transactions.
    pub network_fees: u64,
    /// Transactions.
    pub transactions: u64,
}

impl DeployCosts {
    /// Computes them.
    pub fn of(work: UploadPlan, rents: &DeployRents) -> Self {
        let is_new = work.in_data.is_none();
        let pieces = work.pieces as u64;
        // Making the buffer, growing, and the last step, which the key of a new program signs too.
        let others = u64::from(work.in_buffer.is_none()) + u64::from(work.grows) + 1;
        let signatures = pieces + others + u64::from(is_new);
        let priority = work
            .unit_price
            .saturating_mul(u64::from(WRITE_UNITS))
            .div_ceil(1_000_000);
        let fees = signatures
            .saturating_mul(LAMPORTS_PER_SIGNATURE)
            .saturating_add(pieces.saturating_mul(priority));
        let buffer_rent = match work.in_buffer {
            Some(_) => 0,
            None => rents.buffer,
        };
        Self {
            program_rent: if is_new { rents.program } else { 0 },
            data_rent: rents.data.saturating_sub(work.in_data.unwrap_or(0)),
            buffer_rent,
            buffer_returns: buffer_rent.saturating_add(work.in_buffer.unwrap_or(0)),
            network_fees: fees,
            transactions: pieces + others,
        }
    }

    /// What the wallet has to have at the most at once, beside what it needs to stay. The buffer is
    /// emptied into the wallet before a new program's bytes are paid for, and after an old one's growth.
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

    /// What is gone in the end. Less than nothing where an earlier run has paid for the buffer.
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

    /// For people.
    pub fn table(&self) -> String {
        let mut rows = Vec::new();
        if self.program_rent > 0 {
            rows.push([
                "rent of the program's address".into(),
                sol(self.program_rent),
                "stays as long as the program".into(),
            ]);
        }
        if self.data_rent > 0 {
            rows.push([
                "rent of its bytes and their room".into(),
                sol(self.data_rent),
                "stays as long as the program".into(),
            ]);
        }
        rows.push([
            "rent of the buffer".into(),
            sol(self.buffer_rent),
            "comes back at the end, or with `network buffers close`".into(),
        ]);
        rows.push([
            "network fees".into(),
            sol(self.network_fees),
            format!("for {} transactions", self.transactions),
        ]);
        rows.push([
            "the wallet needs, at the most".into(),
            sol(self.peak()),
            "at one time".into(),
        ]);
        rows.push([
            "gone in the end".into(),
            sol(self.net_cost()),
            format!("{} come back out of the buffer", sol(self.buffer_returns)),
        ]);
        table(["", "amount", ""], &[1], rows)
    }
}

/// By how much a program with this much room has to grow so that so many bytes fit; `None` where they
/// fit already.
pub fn growth(room: usize, wanted: usize) -> Option<u32> {
    let missing = wanted.checked_sub(room).filter(|missing| *missing > 0)?;
    let most = MAX_ACCOUNT_BYTES.saturating_sub(PROGRAM_DATA_HEADER_BYTES + room);
    // At most 10 MiB.
    u32::try_from(missing.max(MIN_GROWTH).min(most)).ok()
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
        pieces: 10,
        in_buffer: None,
        in_data: None,
        grows: false,
        unit_price: 0,
    };

    #[test]
    fn a_new_program_costs_its_two_accounts_and_a_buffer_that_comes_back() {
        let costs = DeployCosts::of(NEW, &RENTS);
        // Ten pieces, the buffer, and the last step with two signatures.
        assert_eq!(costs.network_fees, 13 * LAMPORTS_PER_SIGNATURE);
        assert_eq!(costs.transactions, 12);
        assert_eq!(costs.net_cost(), 91_000 + costs.network_fees);
        // The buffer's rent is back before the program's bytes are paid for.
        assert_eq!(costs.peak(), 1_000 + 90_000 + costs.network_fees);
    }

    #[test]
    fn a_second_run_pays_neither_the_buffer_nor_what_is_written_again() {
        let again = UploadPlan {
            pieces: 3,
            in_buffer: Some(80_000),
            ..NEW
        };
        let costs = DeployCosts::of(again, &RENTS);
        assert_eq!(costs.buffer_rent, 0);
        assert_eq!(costs.network_fees, 5 * LAMPORTS_PER_SIGNATURE);
        assert_eq!(costs.peak(), 1_000 + 10_000 + costs.network_fees);
    }

    #[test]
    fn an_upgrade_pays_for_growth_alone_and_holds_the_buffer_meanwhile() {
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
    fn a_price_for_compute_is_paid_with_each_write() {
        let priced = UploadPlan {
            unit_price: 1_000,
            ..NEW
        };
        let extra = DeployCosts::of(priced, &RENTS).network_fees
            - DeployCosts::of(NEW, &RENTS).network_fees;
        assert_eq!(extra, 10 * u64::from(WRITE_UNITS) / 1_000);
    }

    #[test]
    fn a_program_grows_by_as_much_as_the_loader_takes_and_never_beyond_the_most() {
        assert_eq!(growth(100, 100), None);
        assert_eq!(growth(100, 101), Some(10_240));
        assert_eq!(growth(100, 50_100), Some(50_000));
        let nearly = MAX_ACCOUNT_BYTES - PROGRAM_DATA_HEADER_BYTES - 7;
        assert_eq!(growth(nearly, nearly + 1), Some(7));
    }
}
