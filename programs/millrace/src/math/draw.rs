//! Whether an audit falls on a commitment.
//!
//! The draw is made from two later blocks. The first one after the commitment says which block the
//! second is, somewhere in the slots that follow: whoever commits can't know whose block will decide,
//! and the commitment is part of the draw, so that one pair of blocks decides each otherwise. The leader
//! that makes the second block could try several: a spread over the slots of many leaders makes it
//! unlikely that this is the cheat or its friend.

use super::slot_hashes::{Block, SlotHashes};
use crate::constants::BPS;
use millrace_protocol::hash::sha256;

/// What came of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The blocks that decide are not there yet.
    TooEarly,
    /// No audit.
    NotSelected,
    /// An audit; also where the blocks that decide are forgotten, so that nobody gains by waiting.
    Audited,
}

/// Draws for a commitment recorded in `slot`, with a chance of `bps` ÷ 10,000.
pub fn draw(hashes: &SlotHashes, slot: u64, spread: u8, commitment: &[u8; 32], bps: u16) -> Draw {
    if hashes.is_forgotten(slot) {
        return Draw::Audited;
    }
    let Some(first) = hashes.first_after(slot) else {
        return Draw::TooEarly;
    };
    let after = first.slot + number(&first.hash) % u64::from(spread.max(1));
    match hashes.first_after(after) {
        Some(second) if falls(&first, &second, commitment, bps) => Draw::Audited,
        Some(_) => Draw::NotSelected,
        None => Draw::TooEarly,
    }
}

fn falls(first: &Block, second: &Block, commitment: &[u8; 32], bps: u16) -> bool {
    let digest = sha256(&[b"millrace/audit/v1", &first.hash, &second.hash, commitment]);
    // The remainder of a 64-bit number by 10,000 is uniform to one part in 10^15.
    number(&digest) % BPS < u64::from(bps)
}

fn number(bytes: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of the given slots, newest first, with hashes made from `seed`.
    fn account(slots: std::ops::Range<u64>, seed: u64) -> Vec<u8> {
        let count = slots.end - slots.start;
        let mut data = count.to_le_bytes().to_vec();
        for slot in slots.rev() {
            data.extend(slot.to_le_bytes());
            data.extend(sha256(&[&seed.to_le_bytes(), &slot.to_le_bytes()]));
        }
        data
    }

    fn drawn(slots: std::ops::Range<u64>, seed: u64, bps: u16) -> Draw {
        let data = account(slots, seed);
        draw(&SlotHashes::new(&data), 100, 8, &[7; 32], bps)
    }

    #[test]
    fn audits_fall_as_often_as_the_client_asked() {
        for bps in [100, 500, 5_000, 10_000] {
            let draws = 20_000;
            let drawn = (0..draws).filter(|seed| drawn(99..110, *seed, bps) == Draw::Audited);
            let rate = drawn.count() as f64 / draws as f64;
            let wanted = f64::from(bps) / 10_000.0;
            // Five standard deviations.
            let tolerance = 5.0 * (wanted * (1.0 - wanted) / draws as f64).sqrt();
            assert!((rate - wanted).abs() <= tolerance, "{bps} bps: {rate}");
        }
    }

    #[test]
    fn the_draw_waits_for_its_blocks_and_can_not_be_waited_out() {
        assert_eq!(drawn(90..101, 1, 1), Draw::TooEarly);
        assert_eq!(drawn(90..102, 1, 0), {
            // Block 101 is there; whether the second one is depends on it.
            let first = number(&sha256(&[&1u64.to_le_bytes(), &101u64.to_le_bytes()]));
            assert_ne!(first % 8, u64::MAX);
            Draw::TooEarly
        });
        assert_eq!(drawn(90..130, 1, 0), Draw::NotSelected);
        assert_eq!(drawn(101..130, 1, 0), Draw::Audited);
    }

    #[test]
    fn the_commitment_is_part_of_the_draw() {
        let data = account(90..130, 3);
        let hashes = SlotHashes::new(&data);
        let of = |salt: u8| draw(&hashes, 100, 8, &[salt; 32], 5_000);
        assert!((1..64).any(|salt| of(salt) != of(0)));
    }

    #[test]
    fn an_audit_falls_below_its_rate_and_not_at_it() {
        let block = |slot: u64| Block {
            slot,
            hash: [slot as u8; 32],
        };
        let (first, second, commitment) = (block(101), block(105), [7; 32]);
        let parts: [&[u8]; 4] = [b"millrace/audit/v1", &first.hash, &second.hash, &commitment];
        let rest = number(&sha256(&parts)) % BPS;
        let falls = |bps: u64| falls(&first, &second, &commitment, bps as u16);
        assert!(!falls(rest) && falls(rest + 1));
    }
}
