//! What is paid beyond the signature, so that a transaction is taken before others: a priority fee that
//! follows what was paid lately for the same accounts, and never exceeds a cap.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// Most accounts that an endpoint takes in one question for recent prices.
const MAX_PRICED_ACCOUNTS: usize = 128;
/// How long an answer is good for.
const GOOD_FOR: Duration = Duration::from_secs(10);
/// Micro-lamports per compute unit that the second signing starts from, where nothing was paid lately:
/// a price of zero stays zero however often it is doubled.
const MIN_RAISED_PRICE: u64 = 10_000;
/// What each signing after the first multiplies the price by.
const PRICE_FACTOR: u64 = 4;
const MICRO_LAMPORTS: u128 = 1_000_000;

/// How much may be paid for a place in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// Which of the recent prices is paid, in percent of the slots that were cheaper: 50 is the median.
    pub percentile: u8,
    /// Most that a transaction pays beyond its signatures, lamports. 0 pays none.
    pub cap: u64,
}

impl Default for FeePolicy {
    fn default() -> Self {
        Self {
            percentile: 75,
            cap: 100_000,
        }
    }
}

impl FeePolicy {
    /// The price of a transaction, micro-lamports per compute unit: the percentile of `recent` prices,
    /// more with each signing after the first (`signing` counts from 0), and at most what the cap
    /// leaves for `units` compute units.
    pub fn price(&self, recent: &[u64], units: u32, signing: u32) -> u64 {
        let usual = percentile(recent, self.percentile);
        let wanted = match signing {
            0 => usual,
            n => usual
                .max(MIN_RAISED_PRICE)
                .saturating_mul(PRICE_FACTOR.saturating_pow(n - 1)),
        };
        wanted.min(self.most(units))
    }

    /// The highest price at which `units` compute units cost no more than the cap.
    fn most(&self, units: u32) -> u64 {
        let most = u128::from(self.cap) * MICRO_LAMPORTS / u128::from(units.max(1));
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

/// The value that `percent` of the values are not above; 0 where there are none.
fn percentile(values: &[u64], percent: u8) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    let at = (last * usize::from(percent.min(100))).div_ceil(100);
    sorted.get(at).copied().unwrap_or(0)
}

/// Recent prices, asked for rarely.
///
/// Transactions that follow each other write to much the same accounts, and those that only one of them
/// writes to are new and have no price. So what is asked for is the accounts of all that were sent since
/// the last answer, and the answer is used for all that follow within seconds.
#[derive(Default)]
pub struct RecentPrices(Mutex<Known>);

#[derive(Default)]
struct Known {
    recent: Vec<u64>,
    asked: Option<Instant>,
    accounts: HashSet<Pubkey>,
}

impl RecentPrices {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A poisoned lock still holds prices that were true.
        self.0.lock().unwrap_or_else(|held| held.into_inner())
    }

    /// Prices lately paid for accounts that `instructions` write to, micro-lamports per compute unit,
    /// one for each slot. With `anew` the endpoint is asked for these accounts alone.
    ///
    /// # Errors
    /// Those of the endpoint; what was known stays known.
    pub async fn recent(
        &self,
        rpc: &Rpc,
        instructions: &[Instruction],
        anew: bool,
    ) -> Result<Vec<u64>, ChainError> {
        let own = writable(instructions);
        let accounts: Vec<Pubkey> = {
            let mut known = self.known();
            if known.accounts.len() < MAX_PRICED_ACCOUNTS {
                known.accounts.extend(&own);
            }
            if !anew && known.asked.is_some_and(|at| at.elapsed() < GOOD_FOR) {
                return Ok(known.recent.clone());
            }
            // Whoever comes while this one asks takes the old answer.
            known.asked = Some(Instant::now());
            let all = std::mem::take(&mut known.accounts);
            let of_all = all.into_iter().take(MAX_PRICED_ACCOUNTS).collect();
            if anew { own } else { of_all }
        };
        let asked = &accounts[..accounts.len().min(MAX_PRICED_ACCOUNTS)];
        let answer = rpc.client().get_recent_prioritization_fees(asked).await;
        let answer = answer.map_err(rpc.error("recent priority fees"))?;
        let recent: Vec<u64> = answer.iter().map(|slot| slot.prioritization_fee).collect();
        self.known().recent.clone_from(&recent);
        Ok(recent)
    }
}

/// The accounts that instructions write to, each once.
fn writable(instructions: &[Instruction]) -> Vec<Pubkey> {
    let metas = instructions.iter().flat_map(|one| &one.accounts);
    let mut keys: Vec<Pubkey> = metas
        .filter(|meta| meta.is_writable)
        .map(|meta| meta.pubkey)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: u32 = 100_000;

    fn fees(percentile: u8, cap: u64) -> FeePolicy {
        FeePolicy { percentile, cap }
    }

    #[test]
    fn the_price_is_the_percentile_of_recent_prices_in_any_order() {
        let recent = [50, 0, 10, 40, 20, 30];
        assert_eq!(fees(0, 1_000).price(&recent, UNITS, 0), 0);
        assert_eq!(fees(50, 1_000).price(&recent, UNITS, 0), 30);
        assert_eq!(fees(75, 1_000).price(&recent, UNITS, 0), 40);
        assert_eq!(fees(100, 1_000).price(&recent, UNITS, 0), 50);
        assert_eq!(fees(75, 1_000).price(&[7], UNITS, 0), 7);
        assert_eq!(fees(75, 1_000).price(&[], UNITS, 0), 0);
    }

    #[test]
    fn each_signing_pays_more_up_to_the_cap_and_never_beyond_it() {
        let fees = fees(75, 20_000);
        let price = |signing| fees.price(&[], UNITS, signing);
        assert_eq!(price(0), 0);
        assert_eq!(price(1), MIN_RAISED_PRICE);
        assert_eq!(price(2), MIN_RAISED_PRICE * PRICE_FACTOR);
        // 20,000 lamports for 100,000 units are 200,000 micro-lamports each.
        assert_eq!(price(9), 200_000);
        assert_eq!(fees.price(&[u64::MAX], UNITS, 0), 200_000);
        let paid = u128::from(fees.price(&[u64::MAX], 333_333, 0)) * 333_333;
        assert!(paid <= 20_000 * MICRO_LAMPORTS);
    }

    #[test]
    fn a_cap_of_zero_pays_nothing() {
        assert_eq!(fees(75, 0).price(&[9, 9, 9], UNITS, 5), 0);
        assert_eq!(fees(75, 1).price(&[9], 0, 0), 9);
    }
}
