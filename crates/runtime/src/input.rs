//! The input of a run.

use std::sync::Arc;

/// What a run is given besides the program.
#[derive(Clone, Copy, Debug)]
pub struct RunInput<'a> {
    /// Arguments after the program's name.
    pub args: &'a [String],
    /// Environment variables.
    pub env: &'a [(String, String)],
    /// Standard input.
    pub stdin: &'a [u8],
    /// Files readable at `/in/<name>`; a `/` in a name makes a folder.
    pub files: &'a [(String, Arc<[u8]>)],
    /// Where random bytes grow from.
    pub seed: [u8; 32],
}
