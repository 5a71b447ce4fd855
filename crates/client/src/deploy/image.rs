//! A program's bytes, in chunks, and compared with other programs.

use solana_sdk::pubkey::Pubkey;
use std::ops::Range;

/// Bytes that one transaction can write, next to everything else that it holds.
pub const CHUNK_BYTES: usize = 960;

/// Bytes without the zeros at their end: a program on chain may have room after it.
pub fn trim_zeros(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0);
    &bytes[..end.map_or(0, |last| last + 1)]
}

/// SHA-256 of the bytes without the zeros at their end, as `solana-verify` computes it.
pub fn program_hash(bytes: &[u8]) -> [u8; 32] {
    millrace_protocol::hash::sha256(&[trim_zeros(bytes)])
}

/// Whether a compiled program contains this address. Every program that compares anything with its own
/// address, as all Anchor programs do, has it among its constants.
pub fn contains_address(program: &[u8], id: &Pubkey) -> bool {
    program.windows(32).any(|window| window == id.as_ref())
}

/// The chunks of `wanted` that differ from the same bytes of `found`. Bytes after the end of `found` count
/// as zeros, which is what a new account is filled with.
pub fn differing_chunks(wanted: &[u8], found: &[u8]) -> Vec<Range<usize>> {
    let at = |place: usize| found.get(place).copied().unwrap_or(0);
    let differs = |range: &Range<usize>| {
        let mut places = range.clone();
        places.any(|place| wanted[place] != at(place))
    };
    chunks(wanted.len()).filter(differs).collect()
}

/// The chunks of an image of `length` bytes.
pub fn chunks(length: usize) -> impl Iterator<Item = Range<usize>> {
    (0..length)
        .step_by(CHUNK_BYTES)
        .map(move |from| from..(from + CHUNK_BYTES).min(length))
}

/// How two programs differ, apart from zeros at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDiff {
    /// Length of the first one.
    pub length: usize,
    /// Length of the second one.
    pub other_length: usize,
    /// Offset of the first byte that differs.
    pub first: usize,
    /// Number of bytes that differ, including those that only the longer one has.
    pub bytes: usize,
}

impl ImageDiff {
    /// `None` if they are the same.
    pub fn between(one: &[u8], other: &[u8]) -> Option<Self> {
        let (one, other) = (trim_zeros(one), trim_zeros(other));
        let differ = |(place, (a, b)): (usize, (&u8, &u8))| (a != b).then_some(place);
        let mut places = one.iter().zip(other).enumerate().filter_map(differ);
        let shared = one.len().min(other.len());
        let beyond = one.len().max(other.len()) - shared;
        let first = places.next();
        if first.is_none() && beyond == 0 {
            return None;
        }
        Some(Self {
            length: one.len(),
            other_length: other.len(),
            first: first.unwrap_or(shared),
            bytes: usize::from(first.is_some()) + places.count() + beyond,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differing_chunks_are_written_and_every_byte_is_covered() {
        let wanted: Vec<u8> = (0..CHUNK_BYTES * 3 + 5)
            .map(|i| (i % 251) as u8 + 1)
            .collect();
        let all = differing_chunks(&wanted, &[]);
        assert_eq!(all.len(), 4);
        assert_eq!(all.last(), Some(&(CHUNK_BYTES * 3..CHUNK_BYTES * 3 + 5)));
        let mut found = vec![0; wanted.len()];
        for range in &all[..2] {
            found[range.clone()].copy_from_slice(&wanted[range.clone()]);
        }
        assert_eq!(differing_chunks(&wanted, &found), all[2..]);
        found[CHUNK_BYTES + 1] ^= 1;
        assert_eq!(differing_chunks(&wanted, &found), all[1..]);
        assert!(differing_chunks(&wanted, &wanted).is_empty());
    }

    #[test]
    fn chunks_of_zeros_are_not_written_to_a_new_buffer() {
        let mut wanted = vec![1; CHUNK_BYTES * 3];
        wanted[CHUNK_BYTES..2 * CHUNK_BYTES].fill(0);
        let ranges = differing_chunks(&wanted, &vec![0; wanted.len()]);
        assert_eq!(ranges, [0..CHUNK_BYTES, 2 * CHUNK_BYTES..3 * CHUNK_BYTES]);
    }

    #[test]
    fn zeros_after_a_program_are_not_a_difference() {
        assert_eq!(ImageDiff::between(b"elf\0", b"elf\0\0\0"), None);
        assert_eq!(program_hash(b"elf"), program_hash(b"elf\0\0"));
        assert_eq!(ImageDiff::between(&[], &[0]), None);
        let changed = ImageDiff::between(b"elf-1-x", b"elf-2-y\0").unwrap_or_else(|| panic!());
        assert_eq!((changed.first, changed.bytes), (4, 2));
        let longer = ImageDiff::between(b"elf", b"elf\0\0more").unwrap_or_else(|| panic!());
        assert_eq!(
            (
                longer.length,
                longer.other_length,
                longer.first,
                longer.bytes
            ),
            (3, 9, 3, 6)
        );
    }

    #[test]
    fn a_program_contains_its_address() {
        let id = Pubkey::new_from_array([5; 32]);
        let mut program = vec![0; 100];
        assert!(!contains_address(&program, &id));
        program[41..73].copy_from_slice(id.as_ref());
        assert!(contains_address(&program, &id));
    }
}
