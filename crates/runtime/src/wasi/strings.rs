//! The layout of arguments and environment in a program's memory.

use crate::error::RunError;

/// Strings in the memory layout of a program, each terminated by a zero byte.
pub(crate) struct Strings {
    pub(super) bytes: Vec<u8>,
    pub(super) starts: Vec<u32>,
}

impl Strings {
    /// Lays out `strings`. `what` names them in an error.
    pub(crate) fn new(what: &str, strings: impl Iterator<Item = String>) -> Result<Self, RunError> {
        let bad = |reason: &str| RunError::BadInput {
            what: what.into(),
            reason: reason.into(),
        };
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for string in strings {
            if string.contains('\0') {
                return Err(bad("it contains a zero byte"));
            }
            starts.push(u32::try_from(bytes.len()).map_err(|_| bad("it is too large"))?);
            bytes.extend(string.into_bytes());
            bytes.push(0);
        }
        u32::try_from(bytes.len()).map_err(|_| bad("it is too large"))?;
        Ok(Self { bytes, starts })
    }
}
