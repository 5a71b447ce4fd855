//! 128-bit multiplication and division out of 64-bit operations alone. Multiplying or dividing
//! a `u128` here would call the very functions that this module defines.
//!
//! Division is Knuth's algorithm D (The Art of Computer Programming, volume 2, 4.3.1) with
//! digits of 32 bits if the divisor has 64, and with digits of 64 bits if it has more.

const HALF: u32 = 32;
const LOW: u64 = u32::MAX as u64;

/// The product modulo 2^128. Right for signed operands too, by two's complement.
#[inline(always)]
#[must_use]
pub fn multiply(a: u128, b: u128) -> u128 {
    let (a_low, a_high) = halves(a);
    let (b_low, b_high) = halves(b);
    let (low, high) = halves(multiply_wide(a_low, b_low));
    let crossed = a_low
        .wrapping_mul(b_high)
        .wrapping_add(a_high.wrapping_mul(b_low));
    join(low, high.wrapping_add(crossed))
}

/// Quotient and remainder. A divisor of zero gives (0, `dividend`): the compiler tests for zero
/// before it calls.
#[inline(always)]
#[must_use]
pub fn divide(dividend: u128, divisor: u128) -> (u128, u128) {
    let (low, high) = halves(dividend);
    let (divisor_low, divisor_high) = halves(divisor);
    if divisor_high == 0 {
        if divisor_low == 0 {
            return (0, dividend);
        }
        if high == 0 {
            let quotient = low / divisor_low;
            let remainder = low % divisor_low;
            return (join(quotient, 0), join(remainder, 0));
        }
        // Long division with two digits of 64 bits: the first leaves less than the divisor.
        let (quotient_high, rest) = (high / divisor_low, high % divisor_low);
        let (quotient_low, remainder) = divide_two_digits(rest, low, divisor_low);
        return (join(quotient_low, quotient_high), join(remainder, 0));
    }
    if dividend < divisor {
        return (0, dividend);
    }
    divide_by_wide(dividend, divisor)
}

/// Quotient and remainder, rounded toward zero: the remainder has the dividend's sign. The
/// lowest number divided by -1 wraps to itself: the compiler tests for that before it calls.
#[inline(always)]
#[must_use]
pub fn divide_signed(dividend: i128, divisor: i128) -> (i128, i128) {
    let (quotient, remainder) = divide(dividend.unsigned_abs(), divisor.unsigned_abs());
    let negative = (dividend < 0) != (divisor < 0);
    (
        with_sign(quotient, negative),
        with_sign(remainder, dividend < 0),
    )
}

/// Divides by a divisor of more than 64 bits, no larger than the dividend: the quotient is one
/// digit.
///
/// The digit is estimated from the divisor's leading 64 bits, and from half the dividend so that
/// the estimate fits 64 bits. It is right or one too large, so one is subtracted and, if that
/// was wrong, added again.
#[inline(always)]
fn divide_by_wide(dividend: u128, divisor: u128) -> (u128, u128) {
    let (divisor_low, divisor_high) = halves(divisor);
    let shift = divisor_high.leading_zeros();
    let leading = shift_left(divisor_high, divisor_low, shift);
    let (low, high) = halves(dividend);
    let (estimate, _) = divide_two_digits(high >> 1, shift_left(high, low, 63), leading);
    let quotient = estimate.wrapping_shr(63 ^ shift).wrapping_sub(1);
    let remainder = dividend.wrapping_sub(multiply(join(quotient, 0), divisor));
    if remainder >= divisor {
        return (
            join(quotient.wrapping_add(1), 0),
            remainder.wrapping_sub(divisor),
        );
    }
    (join(quotient, 0), remainder)
}

/// Divides `high·2^64 + low` by `divisor`, where `high < divisor`: quotient and remainder fit 64
/// bits. Algorithm D with two quotient digits of 32 bits.
#[inline(always)]
fn divide_two_digits(high: u64, low: u64, divisor: u64) -> (u64, u64) {
    // D1: the divisor's top bit must be set for the estimates to be close.
    let shift = divisor.leading_zeros();
    let divisor = divisor.wrapping_shl(shift);
    let high = shift_left(high, low, shift);
    let low = low.wrapping_shl(shift);

    let (upper, rest) = quotient_digit(high, low >> HALF, divisor);
    let (lower, rest) = quotient_digit(rest, low & LOW, divisor);
    ((upper << HALF) | lower, rest.wrapping_shr(shift))
}

/// One digit of 32 bits: divides `rest·2^32 + next` by a divisor whose top bit is set, where
/// `rest < divisor`. Returns the digit and what is left, which is less than the divisor.
#[inline(always)]
fn quotient_digit(rest: u64, next: u64, divisor: u64) -> (u64, u64) {
    let (lead, trail) = (divisor >> HALF, divisor & LOW);
    // D3: the estimate from the leading digit is at most two too large.
    let mut digit = rest / lead;
    let mut left = rest % lead;
    while digit > LOW || digit.wrapping_mul(trail) > ((left << HALF) | next) {
        digit = digit.wrapping_sub(1);
        left = left.wrapping_add(lead);
        if left > LOW {
            break;
        }
    }
    // D4: the true difference fits 64 bits, so what overflows on the way cancels out.
    let difference = ((rest << HALF) | next).wrapping_sub(digit.wrapping_mul(divisor));
    (digit, difference)
}

/// The full product of two 64-bit numbers, by the school method with halves.
#[inline(always)]
fn multiply_wide(a: u64, b: u64) -> u128 {
    let (a_low, a_high) = (a & LOW, a >> HALF);
    let (b_low, b_high) = (b & LOW, b >> HALF);
    let low = a_low.wrapping_mul(b_low);
    let cross = a_high.wrapping_mul(b_low).wrapping_add(low >> HALF);
    let other = a_low.wrapping_mul(b_high).wrapping_add(cross & LOW);
    let high = a_high
        .wrapping_mul(b_high)
        .wrapping_add(cross >> HALF)
        .wrapping_add(other >> HALF);
    join((other << HALF) | (low & LOW), high)
}

/// The upper 64 bits of `high·2^64 + low` after a shift left by up to 63.
#[inline(always)]
fn shift_left(high: u64, low: u64, shift: u32) -> u64 {
    if shift == 0 {
        return high;
    }
    high.wrapping_shl(shift) | low.wrapping_shr(shift.wrapping_neg())
}

#[inline(always)]
fn with_sign(magnitude: u128, negative: bool) -> i128 {
    let value = magnitude as i128;
    if negative {
        value.wrapping_neg()
    } else {
        value
    }
}

#[inline(always)]
fn halves(value: u128) -> (u64, u64) {
    (value as u64, (value >> 64) as u64)
}

#[inline(always)]
fn join(low: u64, high: u64) -> u128 {
    (low as u128) | ((high as u128) << 64)
}
