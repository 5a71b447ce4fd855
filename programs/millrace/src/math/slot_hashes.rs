//! The hashes of past slots, as the chain keeps them: a count, then slot and hash of up to 512 blocks,
//! newest first. A slot without a block has none.

use crate::prelude::*;

/// The chain's account of slot hashes.
pub const SLOT_HASHES: Pubkey = pubkey!("SysvarS1otHashes111111111111111111111111111");
/// Bytes of an entry: slot and hash.
const ENTRY: usize = 8 + 32;
/// Bytes of the count before them.
const COUNT: usize = 8;

/// A block's slot with its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its slot.
    pub slot: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// The content of the chain's account of slot hashes.
pub struct SlotHashes<'a>(&'a [u8]);

impl<'a> SlotHashes<'a> {
    /// Of the account's bytes.
    pub fn new(data: &'a [u8]) -> Self {
        let count = data.get(..COUNT).and_then(|bytes| bytes.try_into().ok());
        let count = usize::try_from(count.map_or(0, u64::from_le_bytes)).unwrap_or(0);
        let entries = data.get(COUNT..).unwrap_or_default();
        let length = count
            .saturating_mul(ENTRY)
            .min(entries.len() / ENTRY * ENTRY);
        Self(&entries[..length])
    }

    fn len(&self) -> usize {
        self.0.len() / ENTRY
    }

    /// The block at a place, the newest first.
    fn at(&self, place: usize) -> Option<Block> {
        let entry = self.0.get(place * ENTRY..(place + 1) * ENTRY)?;
        let (slot, hash) = entry.split_at(8);
        Some(Block {
            slot: u64::from_le_bytes(slot.try_into().ok()?),
            hash: hash.try_into().ok()?,
        })
    }

    /// The first block after `slot`.
    ///
    /// `None` where there is none yet, and where the chain does not remember far enough to know
    /// which was the first: nobody must be able to choose by waiting.
    pub fn first_after(&self, slot: u64) -> Option<Block> {
        // The places of blocks after `slot` are those below `bound`.
        let (mut bound, mut end) = (0, self.len());
        while bound < end {
            let middle = bound + (end - bound) / 2;
            if self.at(middle)?.slot > slot {
                bound = middle + 1;
            } else {
                end = middle;
            }
        }
        // An older block has to be there, or an earlier one after `slot` may be forgotten.
        self.at(bound)?;
        self.at(bound.checked_sub(1)?)
    }

    /// Whether the first block after `slot` is forgotten, so that it can't be known any more.
    pub fn is_forgotten(&self, slot: u64) -> bool {
        let oldest = self.len().checked_sub(1).and_then(|place| self.at(place));
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
    fn the_first_block_after_a_slot_is_found_over_gaps() {
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
    fn what_is_forgotten_can_not_be_chosen() {
        let data = account(&[20, 17, 16]);
        let hashes = SlotHashes::new(&data);
        // Slot 15 or another may have had a block.
        assert_eq!(hashes.first_after(14), None);
        assert!(hashes.is_forgotten(14) && !hashes.is_forgotten(16));
        assert_eq!(SlotHashes::new(&[]).first_after(0), None);
        assert!(!SlotHashes::new(&[1; 7]).is_forgotten(0));
    }

    #[test]
    fn a_count_beyond_the_bytes_and_bytes_beyond_the_count_are_cut_off() {
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
