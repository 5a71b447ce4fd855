//! The draw that selects commitments for an audit.
//!
//! The draw depends on two blocks after the commitment. The first block selects a slot among the next ones,
//! and the first block after that slot is the second. A provider that commits cannot predict which block
//! will decide. The commitment is part of the draw, so that the same two blocks decide differently for each
//! commitment. The leader that produces the second block could try several blocks; spreading the second
//! block over the slots of many leaders makes it unlikely that this leader colludes with the provider.

use super::slot_hashes::{Block, SlotHashes};
use crate::constants::BPS;
use millrace_protocol::hash::sha256;

/// The outcome of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The deciding blocks do not exist yet.
    TooEarly,
    /// No audit.
    NotSelected,
    /// An audit. Also the outcome if the chain no longer has the deciding blocks, so that waiting gains
    /// nothing.
    Audited,
}

/// Draws for a commitment recorded in `slot`, with probability `bps` ÷ 10,000. The second block is spread
/// over `spread` slots.
pub fn draw(hashes: &SlotHashes, slot: u64, spread: u8, commitment: &[u8; 32], bps: u16) -> Draw {
    if hashes.is_forgotten(slot) {
        return Draw::Audited;
    }
    let Some(first) = hashes.first_after(slot) else {
        return Draw::TooEarly;
    };
    let spread = leading_u64(&first.hash).checked_rem(u64::from(spread));
    let after = first.slot.saturating_add(spread.unwrap_or(0));
    match hashes.first_after(after) {
        Some(second) if is_selected(&first, &second, commitment, bps) => Draw::Audited,
        Some(_) => Draw::NotSelected,
        None => Draw::TooEarly,
    }
}

fn is_selected(first: &Block, second: &Block, commitment: &[u8; 32], bps: u16) -> bool {
    let digest = sha256(&[b"millrace/audit/v1", &first.hash, &second.hash, commitment]);
    // The remainder of a uniform 64-bit number modulo 10,000 is uniform to one part in 10^15.
    leading_u64(&digest) % BPS < u64::from(bps)
}

fn leading_u64(bytes: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account with blocks in the given slots, whose hashes depend on `seed`.
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
    fn audits_are_drawn_at_the_given_rate() {
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
    fn the_draw_waits_for_its_blocks_and_selects_if_they_are_forgotten() {
        assert_eq!(drawn(90..101, 1, 1), Draw::TooEarly);
        assert_eq!(drawn(90..102, 1, 0), {
            // Block 101 exists; it selects whether the second block exists.
            let first = leading_u64(&sha256(&[&1u64.to_le_bytes(), &101u64.to_le_bytes()]));
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
    fn a_number_below_the_rate_is_selected() {
        let block = |slot: u64| Block {
            slot,
            hash: [slot as u8; 32],
        };
        let (first, second, commitment) = (block(101), block(105), [7; 32]);
        let parts: [&[u8]; 4] = [b"millrace/audit/v1", &first.hash, &second.hash, &commitment];
        let rest = leading_u64(&sha256(&parts)) % BPS;
        let selected = |bps: u64| is_selected(&first, &second, &commitment, bps as u16);
        assert!(!selected(rest) && selected(rest + 1));
    }
}
