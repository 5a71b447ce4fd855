//! Bytes that a program writes, kept up to a limit.

/// What was written, at most `limit` bytes of it.
#[derive(Debug)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    limit: u64,
    truncated: bool,
}

impl Capture {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            truncated: false,
        }
    }

    fn room(&self) -> usize {
        let room = self.limit.saturating_sub(self.bytes.len() as u64);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// Appends all of `bytes`, or nothing. Returns whether there was room.
    pub(crate) fn append_all(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.room();
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }

    /// Appends what fits, and notes that the rest is lost.
    pub(crate) fn append_some(&mut self, bytes: &[u8]) {
        let fitting = bytes.len().min(self.room());
        self.truncated |= fitting < bytes.len();
        self.bytes.extend_from_slice(&bytes[..fitting]);
    }

    /// The bytes, and whether some were lost.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        (self.bytes, self.truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_nothing_against_as_much_as_fits() {
        let (mut output, mut log) = (Capture::new(5), Capture::new(5));
        assert!(output.append_all(b"abc"));
        assert!(!output.append_all(b"def"));
        assert!(output.append_all(b"de"));
        log.append_some(b"abc");
        log.append_some(b"defg");
        assert_eq!(output.finish(), (b"abcde".to_vec(), false));
        assert_eq!(log.finish(), (b"abcde".to_vec(), true));
    }
}
