//! Token amounts in text: decimal numbers, converted to base units without rounding.

use crate::measure::digits_to_u64;
use thiserror::Error;

/// The text is not an amount of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// The text contains something other than digits and one decimal point.
    #[error("{text:?} is not an amount; write a decimal number such as 1.5")]
    NotANumber {
        /// The refused text.
        text: String,
    },
    /// The amount is negative.
    #[error("the amount {text:?} is negative; it must be zero or more")]
    Negative {
        /// The refused text.
        text: String,
    },
    /// The fraction is finer than one base unit.
    #[error("the amount {text:?} has {found} decimals, but the token has {decimals}; shorten it")]
    TooManyDecimals {
        /// The refused text.
        text: String,
        /// Decimals of the amount, without trailing zeros.
        found: usize,
        /// Decimals of the token.
        decimals: u8,
    },
    /// The amount exceeds 2^64 − 1 base units.
    #[error("the amount {text:?} is too large; the maximum is {}", format_amount(u64::MAX, *.decimals))]
    TooLarge {
        /// The refused text.
        text: String,
        /// Decimals of the token.
        decimals: u8,
    },
}

/// Parses an amount of a token with `decimals` decimals to base units: `1.5` with 6 decimals is
/// 1,500,000. Trailing zeros of the fraction do not count as decimals.
pub fn parse_amount(text: &str, decimals: u8) -> Result<u64, AmountError> {
    let (whole, fraction) = split_decimal(text)?;
    let missing = usize::from(decimals)
        .checked_sub(fraction.len())
        .ok_or_else(|| AmountError::TooManyDecimals {
            text: text.to_owned(),
            found: fraction.len(),
            decimals,
        })?;
    digits_to_u64(
        whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', missing)),
    )
    .ok_or_else(|| AmountError::TooLarge {
        text: text.to_owned(),
        decimals,
    })
}

/// Checks that `text` is an amount, before the decimals of its token are known.
pub fn check_amount(text: &str) -> Result<(), AmountError> {
    split_decimal(text).map(|_| ())
}

/// Formats base units as [`parse_amount`] parses them, without trailing zeros.
pub fn format_amount(units: u64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// The integer part, and the fraction without trailing zeros.
fn split_decimal(text: &str) -> Result<(&str, &str), AmountError> {
    let is_number = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        is_digits(whole) && is_digits(fraction)
    };
    if !is_number(text) {
        let text = text.to_owned();
        if text.strip_prefix('-').is_some_and(is_number) {
            return Err(AmountError::Negative { text });
        }
        return Err(AmountError::NotANumber { text });
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Ok((whole, fraction.trim_end_matches('0')))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
