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
pub struct SlotHashes<'a>(&'a [[u8; ENTRY_BYTES]]);

impl<'a> SlotHashes<'a> {
    /// An incomplete last entry, and entries beyond the count, are ignored.
    pub fn new(data: &'a [u8]) -> Self {
        let count = data.first_chunk::<COUNT_BYTES>();
        let count = count.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let (entries, _) = data.get(COUNT_BYTES..).unwrap_or_default().as_chunks();
        let count = usize::try_from(count).map_or(entries.len(), |count| count.min(entries.len()));
        Self(&entries[..count])
    }

    /// The block at an index, newest first.
    fn at(&self, index: usize) -> Option<Block> {
        let entry = self.0.get(index)?;
        Some(Block {
            slot: slot(entry),
            hash: *entry.last_chunk()?,
        })
    }

    /// The first block after the slot `after`.
    ///
    /// `None` if no such block exists yet, or if the oldest known block is after that slot, so that an
    /// earlier one may be forgotten: waiting must not change the answer.
    pub fn first_after(&self, after: u64) -> Option<Block> {
        // Blocks at an index below `bound` are after the slot, the others are not.
        let bound = self.0.partition_point(|entry| slot(entry) > after);
        // An older block must be known, or an earlier block after the slot may be forgotten.
        self.0.get(bound)?;
        self.at(bound.checked_sub(1)?)
    }

    /// Whether the chain no longer has the first block after the slot `after`.
    pub fn is_forgotten(&self, after: u64) -> bool {
        self.0.last().is_some_and(|oldest| slot(oldest) > after)
    }
}

fn slot(entry: &[u8; ENTRY_BYTES]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *entry;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
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
        assert_eq!(SlotHashes::new(&data).0.len(), 2);
        data.truncate(data.len() - 1);
        assert_eq!(SlotHashes::new(&data).0.len(), 1);
        let mut data = account(&[20, 17]);
        data[0] = 1;
        assert_eq!(SlotHashes::new(&data).0.len(), 1);
    }
}
