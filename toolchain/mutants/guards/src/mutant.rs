//! A mutant, and the list of all mutants, a file with one line for each.

use anyhow::{Context, Result};
use std::fmt;
use std::path::Path;

/// A change of the code that a number in the built program activates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The number; 0 is the unchanged program.
    pub number: u32,
    /// The file, from the root of the checkout.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What is changed.
    pub what: String,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The format of cargo-mutants, without the column.
        write!(f, "{}:{}:1: {}", self.file, self.line, self.what)
    }
}

impl Mutant {
    /// The line of the list.
    pub fn to_line(&self) -> String {
        let Self {
            number,
            file,
            line,
            what,
        } = self;
        format!("{number}\t{file}\t{line}\t{what}")
    }

    fn from_line(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '\t');
        Some(Self {
            number: parts.next()?.parse().ok()?,
            file: parts.next()?.to_owned(),
            line: parts.next()?.parse().ok()?,
            what: parts.next()?.to_owned(),
        })
    }
}

/// Reads a list.
pub fn read(path: &Path) -> Result<Vec<Mutant>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| Mutant::from_line(line).with_context(|| format!("not a mutant: {line}")))
        .collect()
}

/// Writes a list.
pub fn write(path: &Path, mutants: &[Mutant]) -> Result<()> {
    let text: String = mutants
        .iter()
        .map(|mutant| mutant.to_line() + "\n")
        .collect();
    std::fs::write(path, text).with_context(|| path.display().to_string())
}
