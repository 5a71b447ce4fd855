//! Choices, read from an input's bytes. An input that has no more bytes chooses the first of all.

use arbitrary::Unstructured;

/// The rest of an input.
pub struct Picks<'a>(Unstructured<'a>);

impl<'a> Picks<'a> {
    /// Of all bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Whether nothing is left to choose by.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Two bytes as a number.
    pub fn word(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// Something below `count`, which is a byte's worth at most; 0 where there is nothing.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// One of them.
    pub fn one<'b, T>(&mut self, of: &'b [T]) -> Option<&'b T> {
        let at = self.below(of.len());
        of.get(at)
    }

    /// One time in so many.
    pub fn rarely(&mut self, times: u8) -> bool {
        self.byte() % times == times - 1
    }

    /// An amount: mostly one at which something changes.
    pub fn amount(&mut self) -> u64 {
        const EDGES: [u64; 12] = [
            1_000,
            0,
            1,
            999,
            1_001,
            100_000,
            50_000,
            u64::MAX,
            u64::MAX - 1,
            1 << 63,
            u32::MAX as u64,
            1 << 32,
        ];
        match self.byte() {
            choice if usize::from(choice) < 16 * EDGES.len() => EDGES[usize::from(choice) / 16],
            _ => u64::from(self.word()),
        }
    }
}
