//! Choices decoded from an input's bytes. An input without bytes left always chooses the first option.

use arbitrary::Unstructured;

/// The remaining bytes of an input.
pub(crate) struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// Whether all bytes are used.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn word(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// A number below `count`, which must be at most 256; 0 if `count` is 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    pub(crate) fn one<'b, T>(&mut self, of: &'b [T]) -> Option<&'b T> {
        let at = self.below(of.len());
        of.get(at)
    }

    /// True with probability 1/`times`.
    pub(crate) fn rarely(&mut self, times: u8) -> bool {
        self.byte() % times == times - 1
    }

    /// An amount, mostly one at which behaviour changes.
    pub(crate) fn amount(&mut self) -> u64 {
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
