//! Collects bytes that a program writes, up to a limit.

/// Written bytes, at most `limit`.
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

    /// Appends all of `bytes` or nothing. Returns whether they fit.
    pub(crate) fn append_all(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= self.room();
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }

    /// Appends the bytes that fit and records whether any were dropped.
    pub(crate) fn append_some(&mut self, bytes: &[u8]) {
        let fitting = bytes.len().min(self.room());
        self.truncated |= fitting < bytes.len();
        self.bytes.extend_from_slice(&bytes[..fitting]);
    }

    /// The bytes, and whether any were dropped.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        (self.bytes, self.truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_all_or_nothing_and_the_log_is_truncated() {
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
