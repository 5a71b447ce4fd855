//! How a job is split into shards, what each shard reads, and the seed of its random bytes.

use std::num::NonZeroU64;
use std::ops::Range;

use thiserror::Error;

use crate::blob;
use crate::hash::{Digest, sha256};
use crate::manifest::{Manifest, ShardInput};

/// Domain of the seed of a shard.
pub const SEED_DOMAIN: &[u8; 24] = b"millrace/shard-seed/v1\0\0";

/// The input of a shard cannot be determined.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShardError {
    /// The manifest has no shard with this index.
    #[error("shard {index} does not exist; the job has {shards} shards, counted from 0")]
    NoSuchShard {
        /// The requested index.
        index: u32,
        /// Number of shards in the manifest.
        shards: usize,
    },
    /// The range of the shard extends past the end of its blob.
    #[error(
        "shard {index} reads bytes {offset} to {end} of the blob {blob}, which has {length} bytes; the \
         manifest does not match its blob, so the job cannot be run"
    )]
    OutsideBlob {
        /// Index of the shard.
        index: u32,
        /// First byte of the range.
        offset: u64,
        /// First byte after the range.
        end: u64,
        /// Name of the blob.
        blob: String,
        /// Length of the blob in bytes.
        length: usize,
    },
}

/// The blob that contains the standard input of shard `index`; `None` if the manifest itself contains
/// the input.
pub fn shard_blob(manifest: &Manifest, index: u32) -> Result<Option<&Digest>, ShardError> {
    Ok(match input(manifest, index)? {
        ShardInput::Blob { digest, .. } => Some(digest),
        ShardInput::Inline { .. } => None,
    })
}

/// The standard input of shard `index`. `blob` is the content of the blob that [`shard_blob`] names; it
/// is ignored if the manifest contains the input.
///
/// The caller must have checked that `blob` hashes to its name.
pub fn shard_stdin<'a>(
    manifest: &'a Manifest,
    index: u32,
    blob: &'a [u8],
) -> Result<&'a [u8], ShardError> {
    match input(manifest, index)? {
        ShardInput::Inline { text } => Ok(text.as_bytes()),
        ShardInput::Blob {
            digest,
            offset,
            len,
        } => {
            let end = offset.saturating_add(*len);
            usize::try_from(*offset)
                .ok()
                .zip(usize::try_from(end).ok())
                .and_then(|(from, to)| blob.get(from..to))
                .ok_or_else(|| ShardError::OutsideBlob {
                    index,
                    offset: *offset,
                    end,
                    blob: blob::format(digest),
                    length: blob.len(),
                })
        }
    }
}

fn input(manifest: &Manifest, index: u32) -> Result<&ShardInput, ShardError> {
    let shards = &manifest.shards;
    usize::try_from(index)
        .ok()
        .and_then(|at| shards.get(at))
        .ok_or(ShardError::NoSuchShard {
            index,
            shards: shards.len(),
        })
}

/// The seed of a shard's random bytes: `sha256(domain ‖ job ‖ index)`, the index little-endian. All
/// seats of a shard have the same seed.
pub fn shard_seed(job: &[u8; 32], index: u32) -> [u8; 32] {
    sha256(&[SEED_DOMAIN, job, &index.to_le_bytes()])
}

/// Number of lines in `source`, including a last line without a line ending.
pub fn count_lines(source: &[u8]) -> u64 {
    let ends = source.iter().filter(|byte| **byte == b'\n').count();
    let open = source.last().is_some_and(|byte| *byte != b'\n');
    ends as u64 + u64::from(open)
}

/// Splits `source` after every `size`-th line ending; the last piece may have fewer lines. Returns
/// consecutive byte ranges, none of them empty.
pub fn split_lines(source: &[u8], size: NonZeroU64) -> Vec<Range<u64>> {
    let mut pieces = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for (at, _) in source.iter().enumerate().filter(|(_, b)| **b == b'\n') {
        lines += 1;
        if lines == size.get() {
            let end = at as u64 + 1;
            pieces.push(start..end);
            (start, lines) = (end, 0);
        }
    }
    let length = source.len() as u64;
    if start < length {
        pieces.push(start..length);
    }
    pieces
}

/// Splits `length` bytes into pieces of `size`; the last one may be shorter. No piece is empty.
pub fn split_bytes(length: u64, size: NonZeroU64) -> Vec<Range<u64>> {
    let size = size.get();
    (0..length.div_ceil(size))
        .map(|piece| piece * size..(piece * size).saturating_add(size).min(length))
        .collect()
}

/// Splits the items `0..total` into `count` half-open ranges whose lengths differ by at most one. No
/// range is empty if `total` is at least `count`.
pub fn split_range(total: u64, count: NonZeroU64) -> Vec<Range<u64>> {
    let (each, rest) = (total / count, total % count);
    // The first `rest` ranges have one more item.
    let start = |shard: u64| shard * each + shard.min(rest);
    (0..count.get())
        .map(|shard| start(shard)..start(shard + 1))
        .collect()
}

/// The input of a shard of a "range" split: `start end` and a line ending; `end` is exclusive.
pub fn range_text(range: &Range<u64>) -> String {
    format!("{} {}\n", range.start, range.end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::manifest::samples;
    use proptest::prelude::*;

    fn cut<'a>(source: &'a [u8], pieces: &[Range<u64>]) -> Vec<&'a [u8]> {
        pieces
            .iter()
            .map(|p| &source[p.start as usize..p.end as usize])
            .collect()
    }

    fn size(size: u64) -> NonZeroU64 {
        NonZeroU64::new(size).unwrap()
    }

    proptest! {
        #[test]
        fn groups_of_lines_join_to_the_source(source in "[ab\n\r]{0,200}", lines in 1u64..9) {
            let source = source.as_bytes();
            let pieces = split_lines(source, size(lines));
            let parts = cut(source, &pieces);
            prop_assert_eq!(parts.concat(), source);
            prop_assert_eq!(parts.len() as u64, count_lines(source).div_ceil(lines));
            for (at, part) in parts.iter().enumerate() {
                prop_assert!(!part.is_empty());
                if at + 1 < parts.len() {
                    prop_assert_eq!(count_lines(part), lines);
                    prop_assert_eq!(part.last(), Some(&b'\n'));
                }
            }
        }

        #[test]
        fn chunks_of_bytes_join_to_the_source(source: Vec<u8>, bytes in 1u64..40) {
            let pieces = split_bytes(source.len() as u64, size(bytes));
            let parts = cut(&source, &pieces);
            prop_assert_eq!(parts.concat(), source.clone());
            prop_assert!(parts.iter().all(|part| !part.is_empty() && part.len() as u64 <= bytes));
        }

        #[test]
        fn ranges_are_even_and_cover_all_items(total: u64, count in 1u64..2000) {
            let ranges = split_range(total, size(count));
            prop_assert_eq!(ranges.len() as u64, count);
            prop_assert_eq!(ranges[0].start, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].end, total);
            let mut at = 0;
            for range in &ranges {
                prop_assert_eq!(range.start, at);
                prop_assert!((total / count..=total.div_ceil(count)).contains(&(range.end - range.start)));
                at = range.end;
            }
        }
    }

    #[test]
    fn line_endings_are_kept_and_the_last_one_is_optional() {
        let source = b"a\r\nb\n\nlast";
        assert_eq!(count_lines(source), 4);
        let parts = cut(source, &split_lines(source, size(1)));
        assert_eq!(parts, [&b"a\r\n"[..], b"b\n", b"\n", b"last"]);
    }

    #[test]
    fn large_numbers_do_not_overflow() {
        assert_eq!(split_bytes(u64::MAX, size(u64::MAX)).len(), 1);
        assert_eq!(
            split_bytes(u64::MAX, size(u64::MAX - 1)),
            [0..u64::MAX - 1, u64::MAX - 1..u64::MAX]
        );
        assert_eq!(split_range(3, size(2)), [0..2, 2..3]);
        assert_eq!(range_text(&(2..3)), "2 3\n");
    }

    #[test]
    fn a_shard_reads_its_range_of_the_blob() {
        let mut manifest = samples::manifest();
        manifest.shards = vec![
            ShardInput::Blob {
                digest: [9; 32],
                offset: 2,
                len: 3,
            },
            ShardInput::Inline {
                text: "0 5\n".to_owned(),
            },
        ];
        assert_eq!(shard_stdin(&manifest, 0, b"abcdefg").unwrap(), b"cde");
        assert_eq!(shard_blob(&manifest, 0).unwrap(), Some(&[9; 32]));
        assert_eq!(shard_stdin(&manifest, 1, b"").unwrap(), b"0 5\n");
        assert_eq!(shard_blob(&manifest, 1).unwrap(), None);
    }

    #[test]
    fn a_range_outside_the_blob_is_refused() {
        let mut manifest = samples::manifest();
        for (offset, len) in [(2, 3), (5, 1), (u64::MAX, 1), (1, u64::MAX)] {
            manifest.shards = vec![ShardInput::Blob {
                digest: [9; 32],
                offset,
                len,
            }];
            assert!(matches!(
                shard_stdin(&manifest, 0, b"abcd"),
                Err(ShardError::OutsideBlob { length: 4, .. })
            ));
        }
    }

    #[test]
    fn an_index_past_the_last_shard_is_refused() {
        let manifest = samples::manifest();
        let index = manifest.shards.len() as u32;
        let missing = ShardError::NoSuchShard {
            index,
            shards: manifest.shards.len(),
        };
        assert_eq!(shard_stdin(&manifest, index, b""), Err(missing.clone()));
        assert_eq!(shard_blob(&manifest, index), Err(missing));
    }

    #[test]
    fn the_seed_depends_on_job_and_index_only() {
        let mut bytes = SEED_DOMAIN.to_vec();
        bytes.extend([7; 32]);
        bytes.extend([3, 1, 0, 0]);
        assert_eq!(shard_seed(&[7; 32], 259), sha256(&[&bytes]));
        assert_ne!(shard_seed(&[7; 32], 0), shard_seed(&[7; 32], 1));
        assert_ne!(shard_seed(&[7; 32], 0), shard_seed(&[8; 32], 0));
    }
}
