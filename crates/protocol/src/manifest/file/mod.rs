//! The manifest file, in TOML; its reference is `docs/manifest.md`.
//!
//! Errors of a single field are found here, with their line. [`resolve()`](super::resolve()) checks the
//! fields together.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::ManifestError;
use super::model::VerifyMode;
use crate::amount::check_amount;
use crate::blob::BlobRef;
use crate::measure::{parse_duration, parse_size};

/// A manifest file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Name of the job for display.
    pub name: String,
    /// The WebAssembly module that every shard runs.
    pub program: BlobRef,
    /// Arguments of the program, without its name.
    #[serde(default)]
    pub args: Vec<String>,
    /// The complete environment of the program.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files that every shard can read at `/in/<name>`.
    #[serde(default)]
    pub inputs: BTreeMap<String, BlobRef>,
    /// How the work is split.
    pub shards: ShardsFile,
    /// How the outputs are joined.
    #[serde(default)]
    pub join: JoinFile,
    /// Resource limits of one shard.
    pub limits: LimitsFile,
    /// How results are verified.
    #[serde(default)]
    pub verify: VerifyFile,
    /// Maximum price.
    pub price: PriceFile,
    /// When the job expires.
    pub deadline: DeadlineFile,
    /// Time windows of providers.
    #[serde(default)]
    pub windows: WindowsFile,
    /// Which providers may run the job.
    #[serde(default)]
    pub requirement: RequirementFile,
}

/// How the work is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// `source` in groups of `size` lines.
    Lines,
    /// `source` in chunks of `size` bytes.
    Bytes,
    /// The items `0..total` in `count` ranges.
    Range,
    /// Each of `sources` is one shard.
    Files,
}

/// `[shards]`. [`Split`] lists the fields of each split.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardsFile {
    /// The split.
    pub split: Split,
    /// Source of "lines" and "bytes".
    pub source: Option<BlobRef>,
    /// Sources of "files".
    pub sources: Option<Vec<BlobRef>>,
    /// Lines or bytes per shard.
    pub size: Option<Size>,
    /// Number of shards of "range".
    pub count: Option<u64>,
    /// Number of items of "range"; by default the number of shards.
    pub total: Option<u64>,
}

/// How the outputs are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinWith {
    /// Concatenated.
    Concat,
    /// By `program`.
    Program,
}

/// `[join]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JoinFile {
    /// How the outputs are joined.
    pub with: JoinWith,
    /// Module of the joining program.
    pub program: Option<BlobRef>,
    /// Arguments of the program, without its name.
    pub args: Option<Vec<String>>,
    /// Name of the result file.
    pub output: String,
}

impl Default for JoinFile {
    fn default() -> Self {
        Self {
            with: JoinWith::Concat,
            program: None,
            args: None,
            output: "output".to_owned(),
        }
    }
}

/// `[limits]` of one shard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// Fuel.
    pub fuel: u64,
    /// Memory; 256 MiB by default.
    #[serde(default = "LimitsFile::memory")]
    pub memory: Size,
    /// Output; 16 MiB by default.
    #[serde(default = "LimitsFile::output")]
    pub output: Size,
    /// Log that is kept; 64 KiB by default.
    #[serde(default = "LimitsFile::log")]
    pub log: Size,
    /// Wall-clock time after which a host aborts the run; 5 minutes by default.
    #[serde(default = "LimitsFile::wall", deserialize_with = "duration")]
    pub wall: Duration,
}

impl LimitsFile {
    fn memory() -> Size {
        Size::bytes(256 << 20)
    }

    fn output() -> Size {
        Size::bytes(16 << 20)
    }

    fn log() -> Size {
        Size::bytes(64 << 10)
    }

    fn wall() -> Duration {
        Duration::from_secs(5 * 60)
    }
}

/// `[verify]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyFile {
    /// The verification mode.
    pub mode: VerifyMode,
    /// Seats that a shard starts with; 3 by default, and 1 with an audit or a challenge.
    pub replicas: Option<u32>,
    /// Seats that must agree; by default the smallest majority of `max_replicas`.
    pub quorum: Option<u32>,
    /// Maximum number of seats; by default `replicas`, or 3 for 2; and 3 with an audit or a challenge.
    pub max_replicas: Option<u32>,
    /// Probability of an audit in basis points.
    pub audit_bps: Option<u32>,
}

impl Default for VerifyFile {
    fn default() -> Self {
        Self {
            mode: VerifyMode::Quorum,
            replicas: None,
            quorum: None,
            max_replicas: None,
            audit_bps: None,
        }
    }
}

/// `[price]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    /// Maximum price of a unit in tokens, a decimal number. The token's decimals depend on the network.
    #[serde(deserialize_with = "amount")]
    pub max_per_unit: String,
}

/// `[deadline]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineFile {
    /// Time from posting the job to its deadline.
    #[serde(deserialize_with = "duration")]
    pub within: Duration,
}

/// `[windows]`; missing ones are chosen within the network's bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsFile {
    /// Time from a seat's assignment to its commitment.
    #[serde(deserialize_with = "some_duration")]
    pub commit: Option<Duration>,
    /// Time from the end of the commitments to the reveal.
    #[serde(deserialize_with = "some_duration")]
    pub reveal: Option<Duration>,
    /// Time from the reveal, in which the result can be challenged.
    #[serde(deserialize_with = "some_duration")]
    pub challenge: Option<Duration>,
}

/// `[requirement]`; missing ones are not required.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequirementFile {
    /// Supplier tag that providers must have.
    pub supplier: Option<String>,
    /// Region that providers must be in.
    pub region: Option<String>,
    /// Verified score that providers must have, in fuel per second.
    pub min_score: u64,
}

impl ManifestFile {
    /// Parses TOML text.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            // The span may point into a multi-byte character.
            let before = String::from_utf8_lossy(&text.as_bytes()[..at]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            unknown_field(line, error.message()).unwrap_or_else(|| ManifestError::Toml {
                line,
                column,
                message: reword(error.message()),
            })
        })
    }
}

/// Replaces the Rust types that serde names in its messages.
fn reword(message: &str) -> String {
    let number = "expected a whole number of zero or more";
    message
        .replace("expected u32", number)
        .replace("expected u64", number)
}

/// Detects an unknown field, which serde reports only in its message: "unknown field `x`, expected one
/// of `a`, `b`".
fn unknown_field(line: usize, message: &str) -> Option<ManifestError> {
    let (field, known) = message
        .strip_prefix("unknown field `")?
        .rsplit_once("`, expected ")?;
    Some(ManifestError::UnknownField {
        line,
        field: field.to_owned(),
        known: known
            .trim_start_matches("one of ")
            .replace(" or ", ", ")
            .replace('`', ""),
    })
}

/// A number of bytes or, in [`ShardsFile::size`], of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number, in bytes if it has a unit.
    pub value: u64,
    /// Whether the number is written with a unit.
    pub with_unit: bool,
}

impl Size {
    /// A size in bytes.
    pub fn bytes(value: u64) -> Self {
        Self {
            value,
            with_unit: true,
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct SizeVisitor;
        impl Visitor<'_> for SizeVisitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"256 MiB\", or a whole number of zero or more")
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Size, E> {
                Ok(Size {
                    value,
                    with_unit: false,
                })
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Size, E> {
                let value = u64::try_from(value)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(value), &self))?;
                self.visit_u64(value)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Size, E> {
                Ok(Size {
                    value: parse_size(text).map_err(E::custom)?,
                    with_unit: !text.bytes().all(|b| b.is_ascii_digit()),
                })
            }
        }
        from.deserialize_any(SizeVisitor)
    }
}

/// A string, with a message of its own if the value has another type.
struct TextVisitor(&'static str);

impl Visitor<'_> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = from.deserialize_str(TextVisitor("a duration in quotes, such as \"30 s\""))?;
    parse_duration(&text).map_err(D::Error::custom)
}

fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = from.deserialize_str(TextVisitor("an amount in quotes, such as \"0.000002\""))?;
    check_amount(&text).map_err(D::Error::custom)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
