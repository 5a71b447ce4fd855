//! The input of a run.

use std::sync::Arc;

/// The input of a run, apart from the program.
#[derive(Clone, Copy, Debug)]
pub struct RunInput<'a> {
    /// Arguments, without the program's name.
    pub args: &'a [String],
    /// Environment variables.
    pub env: &'a [(String, String)],
    /// Standard input.
    pub stdin: &'a [u8],
    /// Files at `/in/<name>`; a `/` in a name creates a directory.
    pub files: &'a [(String, Arc<[u8]>)],
    /// Seed of the random bytes.
    pub seed: [u8; 32],
}
