//! Sizes and durations in text: a whole number and a unit, converted without rounding.
//!
//! The grammar is part of the manifest format (`docs/manifest.md`): no fractions, no compound values,
//! and units are case-sensitive, so that each value has one obvious meaning. The crates `humantime` and
//! `bytesize` accept more and format with rounding, so they are not used.

use std::time::Duration;

use thiserror::Error;

/// The text is not a size or a duration; `what` is one of these words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MeasureError {
    /// The text does not start with a whole number.
    #[error("{text:?} is not a {what}; write a whole number and its unit, such as {example:?}")]
    NotANumber {
        /// The refused text.
        text: String,
        /// "size" or "duration".
        what: &'static str,
        /// A valid example.
        example: &'static str,
    },
    /// The unit is missing.
    #[error("the {what} {text:?} has no unit; append one of {units}")]
    NoUnit {
        /// The refused text.
        text: String,
        /// "size" or "duration".
        what: &'static str,
        /// The accepted units.
        units: String,
    },
    /// The unit is unknown.
    #[error("the {what} {text:?} has the unknown unit {unit:?}; use one of {units}")]
    UnknownUnit {
        /// The refused text.
        text: String,
        /// "size" or "duration".
        what: &'static str,
        /// The unknown unit.
        unit: String,
        /// The accepted units.
        units: String,
    },
    /// The value exceeds 2^64 − 1 bytes or milliseconds.
    #[error("the {what} {text:?} is too large; use a smaller number")]
    TooLarge {
        /// The refused text.
        text: String,
        /// "size" or "duration".
        what: &'static str,
    },
}

/// A quantity with its units, from the largest to the base unit; binary before decimal ones.
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

    /// Formats in the first unit that divides the value. The base unit always does.
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

/// Parses a size to bytes: `256 MiB`, `64KiB`, `1 GB`, or a plain number of bytes.
pub fn parse_size(text: &str) -> Result<u64, MeasureError> {
    SIZE.parse(text, Some(1))
}

/// Formats a size as [`parse_size`] parses it, exactly, in the largest unit that divides it.
pub fn format_size(bytes: u64) -> String {
    SIZE.format(bytes, "B")
}

/// Parses a duration: `5 m`, `90s`, `2 h`, `500 ms`, `1 d`. The unit is required.
pub fn parse_duration(text: &str) -> Result<Duration, MeasureError> {
    DURATION.parse(text, None).map(Duration::from_millis)
}

/// Formats a duration as [`parse_duration`] parses it, in the largest unit that divides it, truncated
/// to milliseconds.
pub fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    DURATION.format(millis, "s")
}

/// The value of ASCII digits; `None` if it exceeds `u64::MAX`.
pub(crate) fn digits_to_u64(mut digits: impl Iterator<Item = u8>) -> Option<u64> {
    digits.try_fold(0u64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests;
