//! The `SlotHashes` sysvar: a count, then slot and hash of up to 512 blocks, newest first. A slot without a
//! block has no entry.

use crate::prelude::*;

pub const SLOT_HASHES: Pubkey = pubkey!("SysvarS1otHashes111111111111111111111111111");
const ENTRY_BYTES: usize = 8 + 32;
const COUNT_BYTES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub slot: u64,
    pub hash: [u8; 32],
}

/// The content of the sysvar.
pub struct SlotHashes<'a>(&'a [u8]);

impl<'a> SlotHashes<'a> {
    /// An incomplete last entry, and entries beyond the count, are ignored.
    pub fn new(data: &'a [u8]) -> Self {
        let count = data
            .get(..COUNT_BYTES)
            .and_then(|bytes| bytes.try_into().ok());
        let count = usize::try_from(count.map_or(0, u64::from_le_bytes)).unwrap_or(0);
        let entries = data.get(COUNT_BYTES..).unwrap_or_default();
        let length = count
            .saturating_mul(ENTRY_BYTES)
            .min(entries.len() / ENTRY_BYTES * ENTRY_BYTES);
        Self(&entries[..length])
    }

    fn len(&self) -> usize {
        self.0.len() / ENTRY_BYTES
    }

    /// The block at an index, newest first.
    fn at(&self, index: usize) -> Option<Block> {
        let entry = self.0.get(index * ENTRY_BYTES..(index + 1) * ENTRY_BYTES)?;
        let (slot, hash) = entry.split_at(8);
        Some(Block {
            slot: u64::from_le_bytes(slot.try_into().ok()?),
            hash: hash.try_into().ok()?,
        })
    }

    /// The first block after `slot`.
    ///
    /// `None` if no such block exists yet, or if the oldest known block is after `slot`, so that an
    /// earlier one may be forgotten: waiting must not change the answer.
    pub fn first_after(&self, slot: u64) -> Option<Block> {
        // Binary search: blocks at an index below `bound` are after `slot`, the others are not.
        let (mut bound, mut end) = (0, self.len());
        while bound < end {
            let middle = bound + (end - bound) / 2;
            if self.at(middle)?.slot > slot {
                bound = middle + 1;
            } else {
                end = middle;
            }
        }
        // An older block must be known, or an earlier block after `slot` may be forgotten.
        self.at(bound)?;
        self.at(bound.checked_sub(1)?)
    }

    /// Whether the chain no longer has the first block after `slot`.
    pub fn is_forgotten(&self, slot: u64) -> bool {
        let oldest = self.len().checked_sub(1).and_then(|oldest| self.at(oldest));
        oldest.is_some_and(|block| block.slot > slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(slots: &[u64]) -> Vec<u8> {
        let mut data = (slots.len() as u64).to_le_bytes().to_vec();
        for slot in slots {
            data.extend(slot.to_le_bytes());
            data.extend([*slot as u8; 32]);
        }
        data
    }

    #[test]
    fn the_first_block_after_a_slot_is_found_despite_gaps() {
        let data = account(&[20, 17, 16, 12, 11]);
        let hashes = SlotHashes::new(&data);
        let first = |slot| hashes.first_after(slot).map(|block| block.slot);
        assert_eq!(first(20), None);
        assert_eq!(first(19), Some(20));
        assert_eq!(first(16), Some(17));
        assert_eq!(first(13), Some(16));
        assert_eq!(first(11), Some(12));
        assert_eq!(hashes.first_after(15).map(|b| b.hash), Some([16; 32]));
    }

    #[test]
    fn a_block_that_may_not_be_the_first_is_not_returned() {
        let data = account(&[20, 17, 16]);
        let hashes = SlotHashes::new(&data);
        // Slot 15 may have had a block.
        assert_eq!(hashes.first_after(14), None);
        assert!(hashes.is_forgotten(14) && !hashes.is_forgotten(16));
        assert_eq!(SlotHashes::new(&[]).first_after(0), None);
        assert!(!SlotHashes::new(&[1; 7]).is_forgotten(0));
    }

    #[test]
    fn a_count_beyond_the_bytes_and_bytes_beyond_the_count_are_ignored() {
        let mut data = account(&[20, 17]);
        data[0] = 9;
        assert_eq!(SlotHashes::new(&data).len(), 2);
        data.truncate(data.len() - 1);
        assert_eq!(SlotHashes::new(&data).len(), 1);
        let mut data = account(&[20, 17]);
        data[0] = 1;
        assert_eq!(SlotHashes::new(&data).len(), 1);
    }
}
