//! How long the payer's lamports last.

use serde::Serialize;
use std::time::Duration;

/// Minimum fee of a transaction, lamports: one signature.
const LEAST_FEE: u64 = 5_000;
/// Minimum duration over which a rate is computed.
const LEAST_TIME: Duration = Duration::from_secs(600);
const DAY_SECS: f64 = 86_400.0;

/// Lamports spent so far. Rent counts until it is refunded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spending {
    last: Option<u64>,
    spent: i128,
    /// Landed transactions.
    pub landed: u64,
    /// Time in which they landed.
    pub time: Duration,
}

impl Spending {
    /// Records the current balance. A gain of more than was spent is a deposit, not a refund.
    pub(crate) fn saw(&mut self, lamports: u64) {
        if let Some(last) = self.last {
            let loss = i128::from(last) - i128::from(lamports);
            let returned = loss < 0 && -loss <= self.spent;
            if loss > 0 || returned {
                self.spent += loss;
            }
        }
        self.last = Some(lamports);
    }

    /// How long `lamports` last.
    pub(crate) fn runway(&self, lamports: u64) -> Runway {
        let spent = u64::try_from(self.spent).unwrap_or(0);
        let each = spent.checked_div(self.landed).unwrap_or(0).max(LEAST_FEE);
        let transactions = lamports / each;
        let rated = self.time >= LEAST_TIME && self.landed > 0;
        let days = rated.then(|| {
            let a_day = self.landed as f64 / self.time.as_secs_f64() * DAY_SECS;
            transactions as f64 / a_day
        });
        Runway {
            transactions,
            lamports_each: each,
            days,
        }
    }
}

/// How long the payer's lamports last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Runway {
    /// Transactions.
    pub transactions: u64,
    /// Average cost of a transaction so far, lamports.
    pub lamports_each: u64,
    /// Days at the rate so far; unknown soon after the start.
    pub days: Option<f64>,
}

impl std::fmt::Display for Runway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (transactions, each) = (self.transactions, self.lamports_each);
        write!(
            f,
            "good for about {transactions} transactions at {each} lamports each"
        )?;
        match self.days {
            Some(days) => write!(f, ", {days:.1} days at the present rate"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rent_that_comes_back_is_not_spent_and_a_gift_is_no_return() {
        let mut spending = Spending::default();
        for lamports in [1_000_000, 400_000, 900_000, 50_000_000, 49_900_000] {
            spending.saw(lamports);
        }
        spending.landed = 10;
        spending.time = Duration::from_secs(8_640);
        let runway = spending.runway(2_000_000);
        assert_eq!((runway.lamports_each, runway.transactions), (20_000, 100));
        assert_eq!(runway.days, Some(1.0));
    }

    #[test]
    fn before_anything_was_spent_a_transaction_costs_its_signature() {
        let runway = Spending::default().runway(10_000);
        assert_eq!((runway.transactions, runway.days), (2, None));
        assert_eq!(
            runway.to_string(),
            "good for about 2 transactions at 5000 lamports each"
        );
    }
}
