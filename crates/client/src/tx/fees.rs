//! Priority fees: a percentile of what was recently paid for the same accounts, never above a cap.

use crate::error::ChainError;
use crate::rpc::client::Rpc;
use parking_lot::Mutex;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

/// Most accounts of one request for recent prices.
const MAX_PRICED_ACCOUNTS: usize = 128;
/// How long recent prices are reused.
const PRICE_TTL: Duration = Duration::from_secs(10);
/// Least price of the second signing, micro-lamports per compute unit: a recent price of zero would stay
/// zero however often it is multiplied.
const MIN_RAISED_PRICE: u64 = 10_000;
/// Factor between the prices of two signings.
const PRICE_FACTOR: u64 = 4;
const MICRO_LAMPORTS_PER_LAMPORT: u128 = 1_000_000;

/// How much may be paid for priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// Percentile of the recent prices that is paid, 0 to 100: 50 is the median.
    pub percentile: u8,
    /// Most that a transaction pays on top of its signatures, lamports. 0 disables priority fees.
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
    /// The price of a transaction that asks for `units` compute units, in micro-lamports per unit: the
    /// percentile of `recent` prices, four times as much with each signing after the first (`signing`
    /// counts from 0), and at most what the cap allows.
    pub fn price(&self, recent: &[u64], units: u32, signing: u32) -> u64 {
        let recent = percentile(recent, self.percentile);
        let wanted = match signing {
            0 => recent,
            n => recent
                .max(MIN_RAISED_PRICE)
                .saturating_mul(PRICE_FACTOR.saturating_pow(n - 1)),
        };
        wanted.min(self.max_price(units))
    }

    /// The highest price at which `units` compute units cost no more than the cap.
    fn max_price(&self, units: u32) -> u64 {
        let most = u128::from(self.cap) * MICRO_LAMPORTS_PER_LAMPORT / u128::from(units.max(1));
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

/// The value that `percent` of the values do not exceed; 0 if there are none.
fn percentile(values: &[u64], percent: u8) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    let at = (last * usize::from(percent.min(100))).div_ceil(100);
    sorted.get(at).copied().unwrap_or(0)
}

/// Recent prices, cached for some seconds.
///
/// Consecutive transactions write to mostly the same accounts; an account that only one of them writes to
/// is new and has no price. So each request asks for the accounts of all transactions since the last one,
/// and its answer serves all transactions of the next seconds.
#[derive(Default)]
pub struct RecentPrices(Mutex<PriceCache>);

#[derive(Default)]
struct PriceCache {
    recent: Vec<u64>,
    requested_at: Option<Instant>,
    /// Accounts to ask for with the next request.
    accounts: HashSet<Pubkey>,
}

impl RecentPrices {
    /// Prices recently paid for the accounts that `instructions` write to, micro-lamports per compute
    /// unit, one per slot. With `refresh` the endpoint is asked at once, for these accounts only.
    ///
    /// # Errors
    /// Errors of the endpoint. The cached prices are kept.
    pub async fn recent(
        &self,
        rpc: &Rpc,
        instructions: &[Instruction],
        refresh: bool,
    ) -> Result<Vec<u64>, ChainError> {
        let own = writable(instructions);
        let accounts: Vec<Pubkey> = {
            let mut cache = self.0.lock();
            if cache.accounts.len() < MAX_PRICED_ACCOUNTS {
                cache.accounts.extend(&own);
            }
            if !refresh
                && cache
                    .requested_at
                    .is_some_and(|at| at.elapsed() < PRICE_TTL)
            {
                return Ok(cache.recent.clone());
            }
            // Callers during this request get the cached prices.
            cache.requested_at = Some(Instant::now());
            let all = std::mem::take(&mut cache.accounts);
            let of_all = all.into_iter().take(MAX_PRICED_ACCOUNTS).collect();
            if refresh { own } else { of_all }
        };
        let asked = &accounts[..accounts.len().min(MAX_PRICED_ACCOUNTS)];
        let answer = rpc.client().get_recent_prioritization_fees(asked).await;
        let answer = answer.map_err(rpc.error("recent priority fees"))?;
        let recent: Vec<u64> = answer.iter().map(|slot| slot.prioritization_fee).collect();
        self.0.lock().recent.clone_from(&recent);
        Ok(recent)
    }
}

/// The accounts that instructions write to, without duplicates.
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
    fn price_is_the_percentile_of_recent_prices() {
        let recent = [50, 0, 10, 40, 20, 30];
        assert_eq!(fees(0, 1_000).price(&recent, UNITS, 0), 0);
        assert_eq!(fees(50, 1_000).price(&recent, UNITS, 0), 30);
        assert_eq!(fees(75, 1_000).price(&recent, UNITS, 0), 40);
        assert_eq!(fees(100, 1_000).price(&recent, UNITS, 0), 50);
        assert_eq!(fees(75, 1_000).price(&[7], UNITS, 0), 7);
        assert_eq!(fees(75, 1_000).price(&[], UNITS, 0), 0);
    }

    #[test]
    fn each_signing_pays_more_up_to_the_cap() {
        let fees = fees(75, 20_000);
        let price = |signing| fees.price(&[], UNITS, signing);
        assert_eq!(price(0), 0);
        assert_eq!(price(1), MIN_RAISED_PRICE);
        assert_eq!(price(2), MIN_RAISED_PRICE * PRICE_FACTOR);
        // 20,000 lamports for 100,000 units are 200,000 micro-lamports each.
        assert_eq!(price(9), 200_000);
        assert_eq!(fees.price(&[u64::MAX], UNITS, 0), 200_000);
        let paid = u128::from(fees.price(&[u64::MAX], 333_333, 0)) * 333_333;
        assert!(paid <= 20_000 * MICRO_LAMPORTS_PER_LAMPORT);
    }

    #[test]
    fn zero_cap_pays_nothing() {
        assert_eq!(fees(75, 0).price(&[9, 9, 9], UNITS, 5), 0);
        assert_eq!(fees(75, 1).price(&[9], 0, 0), 9);
    }
}
