//! A deterministic stream of random bytes: SHA-256 of the seed and a counter.

use millrace_protocol::hash::sha256;

const DOMAIN: &[u8] = b"millrace/random/v1";

/// The stream of one run.
pub(crate) struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            counter: 0,
            block: [0; 32],
            used: 32,
        }
    }

    /// Fills `bytes` with the next bytes of the stream.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.block.len() {
                self.block = sha256(&[DOMAIN, &self.seed, &self.counter.to_le_bytes()]);
                self.counter += 1;
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_does_not_depend_on_read_sizes() {
        let (mut whole, mut parts) = ([0; 100], [0; 100]);
        Random::new([7; 32]).fill(&mut whole);
        let mut random = Random::new([7; 32]);
        for part in parts.chunks_mut(7) {
            random.fill(part);
        }
        assert_eq!(whole, parts);
        assert_ne!(whole[..32], whole[32..64]);
    }

    #[test]
    fn different_seeds_give_different_streams() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        Random::new([1; 32]).fill(&mut one);
        Random::new([2; 32]).fill(&mut two);
        assert_ne!(one, two);
    }
}
