//! The manifest as people write it, in TOML: the reference is `docs/manifest.md`.
//!
//! What one field alone can get wrong is found here, with its line; what fields mean together is
//! [`resolve()`](super::resolve())'s.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::ManifestError;
use super::model::VerifyMode;
use crate::amount::{check_amount, parse_duration, parse_size};
use crate::blob::BlobRef;

/// A manifest file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// The job's name for people.
    pub name: String,
    /// The WebAssembly module that every shard runs.
    pub program: BlobRef,
    /// Arguments of the program, without its name.
    #[serde(default)]
    pub args: Vec<String>,
    /// The program's whole environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files that every shard may read at `/in/<name>`.
    #[serde(default)]
    pub inputs: BTreeMap<String, BlobRef>,
    /// How the work is split.
    pub shards: ShardsFile,
    /// How the outputs are joined.
    #[serde(default)]
    pub join: JoinFile,
    /// What one shard may use.
    pub limits: LimitsFile,
    /// How many providers run each shard.
    #[serde(default)]
    pub verify: VerifyFile,
    /// What the client pays at most.
    pub price: PriceFile,
    /// Until when the job has to be done.
    pub deadline: DeadlineFile,
    /// How long providers have for each step.
    #[serde(default)]
    pub windows: WindowsFile,
    /// Who may run it.
    #[serde(default)]
    pub requirement: RequirementFile,
}

/// A way of splitting the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// `source` in groups of `size` lines.
    Lines,
    /// `source` in chunks of `size` bytes.
    Bytes,
    /// The items `0..total` in `count` ranges.
    Range,
    /// Each of `sources` as a whole.
    Files,
}

/// `[shards]`: which fields go together is said at [`Split`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardsFile {
    /// The way of splitting.
    pub split: Split,
    /// What "lines" and "bytes" cut.
    pub source: Option<BlobRef>,
    /// The shards of "files".
    pub sources: Option<Vec<BlobRef>>,
    /// Lines or bytes of one shard.
    pub size: Option<Size>,
    /// Shards of "range".
    pub count: Option<u64>,
    /// Items of "range"; as many as shards where it is left out.
    pub total: Option<u64>,
}

/// A way of joining the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinWith {
    /// One behind the other.
    Concat,
    /// By `program`.
    Program,
}

/// `[join]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JoinFile {
    /// The way of joining.
    pub with: JoinWith,
    /// The module that joins.
    pub program: Option<BlobRef>,
    /// Its arguments, without its name.
    pub args: Option<Vec<String>>,
    /// Name of the file that the result is written to.
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

/// `[limits]`, each for one shard.
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
    /// What is kept of the error log; 64 KiB by default.
    #[serde(default = "LimitsFile::log")]
    pub log: Size,
    /// The host's patience; 5 minutes by default.
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
    /// The way of verifying.
    pub mode: VerifyMode,
    /// Seats that a shard starts with; 3 by default, and 1 with an audit or a challenge.
    pub replicas: Option<u32>,
    /// Seats that must agree; by default the smallest majority of `max_replicas`.
    pub quorum: Option<u32>,
    /// Seats that a shard gets at most; by default as many as `replicas`, and 3 with an audit or a
    /// challenge.
    pub max_replicas: Option<u32>,
    /// How often an audit is drawn, basis points.
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
    /// Tokens for one unit at most, as a decimal number; how many decimals the token has is known
    /// only with the network.
    #[serde(deserialize_with = "amount")]
    pub max_per_unit: String,
}

/// `[deadline]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineFile {
    /// Time from posting the job until it has to be done.
    #[serde(deserialize_with = "duration")]
    pub within: Duration,
}

/// `[windows]`; what is left out is chosen out of the network's bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsFile {
    /// Time from a seat's assignment to its commitment.
    #[serde(deserialize_with = "some_duration")]
    pub commit: Option<Duration>,
    /// Time from the end of the commitments to the reveal.
    #[serde(deserialize_with = "some_duration")]
    pub reveal: Option<Duration>,
    /// Time from the reveal until which the result can be challenged.
    #[serde(deserialize_with = "some_duration")]
    pub challenge: Option<Duration>,
}

/// `[requirement]`; what is left out is not required.
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
    /// Reads TOML text.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            // The span may point into a character where the text is broken.
            let before = String::from_utf8_lossy(&text.as_bytes()[..at]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            unknown_field(line, error.message()).unwrap_or_else(|| ManifestError::Toml {
                line,
                column,
                message: in_words(error.message()),
            })
        })
    }
}

/// serde names a number by Rust's word for it.
fn in_words(message: &str) -> String {
    let number = "expected a whole number of zero or more";
    message
        .replace("expected u32", number)
        .replace("expected u64", number)
}

/// serde tells of an unknown field only by its message: "unknown field `x`, expected one of `a`,
/// `b`".
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
    /// The number, in bytes where there was a unit.
    pub value: u64,
    /// Whether it was written with a unit of bytes.
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

/// A text, for which a message other than serde's asks where it is missing.
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
