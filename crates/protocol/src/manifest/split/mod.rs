//! Splits the work of a manifest file into shards by the rules of [`crate::shard`].

use std::num::NonZeroU64;
use std::ops::Range;

use super::blobs::BlobReader;
use super::check;
use super::error::ManifestError;
use super::file::{ShardsFile, Split};
use super::limits::MAX_SHARDS;
use super::model::ShardInput;
use crate::blob::BlobRef;
use crate::hash::Digest;
use crate::shard;

/// A split with its parameters.
pub(super) enum SplitPlan<'f> {
    Lines {
        source: &'f BlobRef,
        size: NonZeroU64,
    },
    Bytes {
        source: &'f BlobRef,
        size: NonZeroU64,
    },
    Range {
        count: NonZeroU64,
        total: u64,
    },
    Files {
        sources: &'f [BlobRef],
    },
}

impl<'f> SplitPlan<'f> {
    /// Checks that the fields of `[shards]` match the split, and the number of shards as far as it can be
    /// determined without reading the sources.
    pub(super) fn of(file: &'f ShardsFile) -> Result<Self, ManifestError> {
        let because = match file.split {
            Split::Lines => "`shards.split = \"lines\"`",
            Split::Bytes => "`shards.split = \"bytes\"`",
            Split::Range => "`shards.split = \"range\"`",
            Split::Files => "`shards.split = \"files\"`",
        };
        let cuts = matches!(file.split, Split::Lines | Split::Bytes);
        let (range, files) = (file.split == Split::Range, file.split == Split::Files);
        for (field, given, taken) in [
            ("shards.source", file.source.is_some(), cuts),
            ("shards.size", file.size.is_some(), cuts),
            ("shards.count", file.count.is_some(), range),
            ("shards.total", file.total.is_some(), range),
            ("shards.sources", file.sources.is_some(), files),
        ] {
            reject_field(field, because, given && !taken)?;
        }

        match file.split {
            Split::Lines => {
                let size = require_field("shards.size", because, file.size)?;
                if size.with_unit {
                    return Err(ManifestError::BytesForLines);
                }
                Ok(Self::Lines {
                    source: require_field("shards.source", because, file.source.as_ref())?,
                    size: above_zero("shards.size", size.value)?,
                })
            }
            Split::Bytes => {
                let size = require_field("shards.size", because, file.size)?;
                Ok(Self::Bytes {
                    source: require_field("shards.source", because, file.source.as_ref())?,
                    size: above_zero("shards.size", size.value)?,
                })
            }
            Split::Range => {
                let count = require_field("shards.count", because, file.count)?;
                let count = above_zero("shards.count", count)?;
                check::shard_count(count.get(), "lower `shards.count`")?;
                let total = file.total.unwrap_or(count.get());
                if total < count.get() {
                    let count = count.get();
                    return Err(ManifestError::TooFewItems { total, count });
                }
                Ok(Self::Range { count, total })
            }
            Split::Files => {
                let sources = require_field("shards.sources", because, file.sources.as_ref())?;
                if sources.is_empty() {
                    return Err(ManifestError::NoShards);
                }
                let count = sources.len() as u64;
                check::shard_count(count, "put several files into one, or post several jobs")?;
                Ok(Self::Files { sources })
            }
        }
    }

    /// Reads the sources and splits them.
    pub(super) fn shards(
        &self,
        blobs: &mut BlobReader<'_, '_>,
    ) -> Result<Vec<ShardInput>, ManifestError> {
        match *self {
            Self::Lines { source, size } => {
                let (digest, content) = blobs.source("shards.source", source)?;
                let lines = shard::count_lines(&content);
                check::shard_count(lines.div_ceil(size.get()), &coarser(lines))?;
                Ok(pieces(digest, shard::split_lines(&content, size)))
            }
            Self::Bytes { source, size } => {
                let (digest, content) = blobs.source("shards.source", source)?;
                let bytes = content.len() as u64;
                check::shard_count(bytes.div_ceil(size.get()), &coarser(bytes))?;
                Ok(pieces(digest, shard::split_bytes(bytes, size)))
            }
            Self::Range { count, total } => Ok(shard::split_range(total, count)
                .iter()
                .map(|range| ShardInput::Inline {
                    text: shard::range_text(range),
                })
                .collect()),
            Self::Files { sources } => sources
                .iter()
                .enumerate()
                .map(|(at, source)| {
                    let (digest, content) =
                        blobs.source(&format!("shards.sources[{at}]"), source)?;
                    Ok(ShardInput::Blob {
                        digest,
                        offset: 0,
                        len: content.len() as u64,
                    })
                })
                .collect(),
        }
    }
}

fn pieces(digest: Digest, ranges: Vec<Range<u64>>) -> Vec<ShardInput> {
    ranges
        .into_iter()
        .map(|range| ShardInput::Blob {
            digest,
            offset: range.start,
            len: range.end - range.start,
        })
        .collect()
}

/// How to split this many lines or bytes into fewer shards.
fn coarser(items: u64) -> String {
    let size = items.div_ceil(MAX_SHARDS as u64);
    format!("raise `shards.size` to {size} or more")
}

fn above_zero(field: &str, value: u64) -> Result<NonZeroU64, ManifestError> {
    NonZeroU64::new(value).ok_or_else(|| ManifestError::Zero {
        field: field.to_owned(),
    })
}

/// The value of a field that `because` needs.
pub(super) fn require_field<T>(
    field: &str,
    because: &str,
    value: Option<T>,
) -> Result<T, ManifestError> {
    value.ok_or_else(|| ManifestError::MissingField {
        field: field.to_owned(),
        because: because.to_owned(),
    })
}

/// Refuses a field that `because` does not use.
pub(super) fn reject_field(field: &str, because: &str, given: bool) -> Result<(), ManifestError> {
    if given {
        return Err(ManifestError::UnusedField {
            field: field.to_owned(),
            because: because.to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
