//! Numbers with a unit as people write them: token amounts, sizes and durations. All exact, in
//! integers; nothing is ever rounded.

use std::time::Duration;

use thiserror::Error;

/// A text that is no amount of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Something else than digits with at most one point among them.
    #[error("{text:?} is not an amount: write digits with at most one point, such as 1.5")]
    NotANumber {
        /// What was given.
        text: String,
    },
    /// A minus sign.
    #[error("the amount {text:?} is negative: it has to be zero or more")]
    Negative {
        /// What was given.
        text: String,
    },
    /// A fraction finer than one base unit.
    #[error("the amount {text:?} has {found} decimals, and the token has {decimals}: shorten it")]
    TooManyDecimals {
        /// What was given.
        text: String,
        /// Decimals that it needs, without trailing zeros.
        found: usize,
        /// Decimals of the token.
        decimals: u8,
    },
    /// More than 2^64 − 1 base units.
    #[error("the amount {text:?} is too large: the most is {}", format_amount(u64::MAX, *.decimals))]
    TooLarge {
        /// What was given.
        text: String,
        /// Decimals of the token.
        decimals: u8,
    },
}

/// Reads an amount of a token with `decimals` as base units: `1.5` with 6 decimals is 1,500,000.
/// Zeros at the end of the fraction don't count as decimals.
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

/// Checks that `text` is an amount of some token, whose decimals are not known yet.
pub fn check_amount(text: &str) -> Result<(), AmountError> {
    split_decimal(text).map(|_| ())
}

/// Writes base units as [`parse_amount`] reads them, without trailing zeros.
pub fn format_amount(units: u64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{units:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// Whole part and fraction, the latter without zeros at its end.
fn split_decimal(text: &str) -> Result<(&str, &str), AmountError> {
    let is_number = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        is_digits(whole) && is_digits(fraction)
    };
    if !is_number(text) {
        let text = text.to_owned();
        return Err(match text.strip_prefix('-').is_some_and(is_number) {
            true => AmountError::Negative { text },
            false => AmountError::NotANumber { text },
        });
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Ok((whole, fraction.trim_end_matches('0')))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `None` above `u64::MAX`.
fn digits_to_u64(mut digits: impl Iterator<Item = u8>) -> Option<u64> {
    digits.try_fold(0u64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// A text that is no size or no duration. `what` is one of these two words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MeasureError {
    /// Does not start with a whole number.
    #[error("{text:?} is not a {what}: write a whole number and its unit, such as {example:?}")]
    NotANumber {
        /// What was given.
        text: String,
        /// Size or duration.
        what: &'static str,
        /// One that would be right.
        example: &'static str,
    },
    /// A number alone where it could mean anything.
    #[error("the {what} {text:?} has no unit: write one of {units} behind it")]
    NoUnit {
        /// What was given.
        text: String,
        /// Size or duration.
        what: &'static str,
        /// The known units.
        units: String,
    },
    /// A unit that is not known.
    #[error("the {what} {text:?} has the unknown unit {unit:?}: the units are {units}")]
    UnknownUnit {
        /// What was given.
        text: String,
        /// Size or duration.
        what: &'static str,
        /// The unit in it.
        unit: String,
        /// The known units.
        units: String,
    },
    /// More than 2^64 − 1 bytes or milliseconds.
    #[error("the {what} {text:?} is too large to be counted")]
    TooLarge {
        /// What was given.
        text: String,
        /// Size or duration.
        what: &'static str,
    },
}

/// A kind of measure with its units, the largest of each family first, the base unit last.
struct Measure {
    what: &'static str,
    example: &'static str,
    units: &'static [(&'static str, u64)],
}

const SIZE: Measure = Measure {
    what: "size",
    example: "256 MiB",
    units: &[
        ("TiB", 1 << 40),
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
        ("B", 1),
    ],
};

const DURATION: Measure = Measure {
    what: "duration",
    example: "30 s",
    units: &[
        ("d", 24 * 60 * 60 * 1000),
        ("h", 60 * 60 * 1000),
        ("m", 60 * 1000),
        ("s", 1000),
        ("ms", 1),
    ],
};

impl Measure {
    fn parse(&self, text: &str, bare: Option<u64>) -> Result<u64, MeasureError> {
        let what = self.what;
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (number, unit) = (&text[..end], text[end..].trim_start_matches(' '));
        if number.is_empty() {
            return Err(MeasureError::NotANumber {
                text: text.to_owned(),
                what,
                example: self.example,
            });
        }
        let known = self.units.iter().find(|(name, _)| *name == unit);
        let factor = match (known, unit, bare) {
            (Some((_, factor)), _, _) => *factor,
            (None, "", Some(factor)) => factor,
            (None, "", None) => {
                return Err(MeasureError::NoUnit {
                    text: text.to_owned(),
                    what,
                    units: self.names(),
                });
            }
            (None, _, _) => {
                return Err(MeasureError::UnknownUnit {
                    text: text.to_owned(),
                    what,
                    unit: unit.to_owned(),
                    units: self.names(),
                });
            }
        };
        digits_to_u64(number.bytes())
            .and_then(|number| number.checked_mul(factor))
            .ok_or_else(|| MeasureError::TooLarge {
                text: text.to_owned(),
                what,
            })
    }

    /// In the first unit that leaves no rest; every measure has a unit of 1.
    fn format(&self, value: u64, zero: &str) -> String {
        self.units
            .iter()
            .find(|(_, factor)| value != 0 && value.is_multiple_of(*factor))
            .map_or_else(
                || format!("0 {zero}"),
                |(name, factor)| format!("{} {name}", value / factor),
            )
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.units.iter().rev().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// Reads a size in bytes: `256 MiB`, `64KiB`, `1 GB`, or a plain number of bytes.
pub fn parse_size(text: &str) -> Result<u64, MeasureError> {
    SIZE.parse(text, Some(1))
}

/// Writes a size as [`parse_size`] reads it, exactly, in the largest unit that leaves no rest.
pub fn format_size(bytes: u64) -> String {
    SIZE.format(bytes, "B")
}

/// Reads a duration: `5 m`, `90s`, `2 h`, `500 ms`, `1 d`. The unit has to be there.
pub fn parse_duration(text: &str) -> Result<Duration, MeasureError> {
    DURATION.parse(text, None).map(Duration::from_millis)
}

/// Writes a duration as [`parse_duration`] reads it, in the largest unit that leaves no rest;
/// what is finer than a millisecond is left out.
pub fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    DURATION.format(millis, "s")
}

#[cfg(test)]
mod tests;
