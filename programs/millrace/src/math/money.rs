//! Arithmetic of amounts in base units. Every share rounds down; the remainder stays where it was.

use crate::constants::BPS;
use crate::error::MillraceError;
use crate::prelude::*;

/// `a + b`, or [`MillraceError::AmountOverflow`].
pub fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b)
        .ok_or_else(|| MillraceError::AmountOverflow.into())
}

/// `a - b`, or [`MillraceError::AmountOverflow`].
pub fn sub(a: u64, b: u64) -> Result<u64> {
    a.checked_sub(b)
        .ok_or_else(|| MillraceError::AmountOverflow.into())
}

/// `a * b`, or [`MillraceError::AmountOverflow`].
pub fn mul(a: u64, b: u64) -> Result<u64> {
    a.checked_mul(b)
        .ok_or_else(|| MillraceError::AmountOverflow.into())
}

/// `amount × bps ÷ 10,000`, rounded down, without overflow for any `bps` up to [`BPS`].
///
/// Split as `(q·BPS + r) × bps ÷ BPS = q × bps + r × bps ÷ BPS`, which stays within 64 bits and
/// avoids a 128-bit division, the most expensive arithmetic on chain.
pub fn share(amount: u64, bps: u64) -> Result<u64> {
    let (whole, rest) = (amount / BPS, amount % BPS);
    add(mul(whole, bps)?, mul(rest, bps)? / BPS)
}

/// `amount × part ÷ whole`, rounded down; 0 if `whole` is 0. A `part` above `whole` counts as `whole`.
pub fn proportion(amount: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(amount).saturating_mul(u128::from(part.min(whole)));
    let exact = product.checked_div(u128::from(whole)).unwrap_or(0);
    // At most `amount`, because the part is at most the whole.
    u64::try_from(exact).unwrap_or(amount)
}

/// Maximum cost of one shard: the maximum replicas, each paid the maximum units at the price cap, plus the
/// fee.
pub fn shard_cost(price_cap: u64, max_units: u64, max_replicas: u8, fee_bps: u16) -> Result<u64> {
    let pay = mul(mul(price_cap, max_units)?, u64::from(max_replicas))?;
    add(pay, share(pay, u64::from(fee_bps))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_share_is_the_exact_quotient_rounded_down(amount: u64, bps in 0..=BPS) {
            let exact = u128::from(amount) * u128::from(bps) / u128::from(BPS);
            prop_assert_eq!(u128::from(share(amount, bps).unwrap()), exact);
        }

        #[test]
        fn proportions_of_the_parts_never_exceed_the_whole(amount: u64, parts in prop::collection::vec(0u64..1 << 40, 1..50)) {
            let whole: u64 = parts.iter().sum();
            let each: u128 = parts.iter().map(|p| u128::from(proportion(amount, *p, whole))).sum();
            prop_assert!(each <= u128::from(amount));
            prop_assert_eq!(proportion(amount, whole, whole), if whole == 0 { 0 } else { amount });
        }

        #[test]
        fn the_fees_of_the_parts_never_exceed_the_fee_of_the_whole(parts in prop::collection::vec(0u64..1 << 40, 1..50), bps in 0..=u64::from(crate::constants::MAX_FEE_BPS)) {
            let whole = share(parts.iter().sum(), bps).unwrap();
            let each: u64 = parts.iter().map(|p| share(*p, bps).unwrap()).sum();
            prop_assert!(each <= whole);
        }
    }

    #[test]
    fn the_cost_of_a_shard_is_pay_plus_fee() {
        // 2 base units × 1,000 units × 3 seats = 6,000; 2.5 % of it = 150.
        assert_eq!(shard_cost(2, 1_000, 3, 250).unwrap(), 6_150);
        assert!(shard_cost(u64::MAX, 2, 1, 0).is_err());
    }

    #[test]
    fn results_are_exact_or_refused() {
        assert_eq!((add(2, 3).unwrap(), sub(5, 3).unwrap()), (5, 2));
        assert_eq!((mul(2, 3).unwrap(), sub(3, 3).unwrap()), (6, 0));
        let refused = || Err(MillraceError::AmountOverflow.into());
        assert_eq!(add(u64::MAX, 1), refused());
        assert_eq!(sub(3, 4), refused());
        assert_eq!(mul(u64::MAX, 2), refused());
    }
}
