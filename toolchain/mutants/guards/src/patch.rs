//! The built program with the number of a mutant in it.

use crate::support::MARK;
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// A program that was built with all mutants.
pub struct Program {
    bytes: Vec<u8>,
    at: usize,
}

impl Program {
    /// Reads the file and finds the number.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        let mark = MARK.map(u32::to_le_bytes).concat();
        let mut found = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&mark));
        let at = found
            .next()
            .context("the program has no number of a mutant")?;
        ensure!(
            found.next().is_none(),
            "the program has more than one number of a mutant"
        );
        let at = at + mark.len();
        Ok(Self { bytes, at })
    }

    /// Writes the program with the mutant active.
    pub fn write(&self, number: u32, path: &Path) -> Result<()> {
        let mut bytes = self.bytes.clone();
        bytes[self.at..self.at + 4].copy_from_slice(&number.to_le_bytes());
        std::fs::write(path, bytes).with_context(|| path.display().to_string())
    }
}
