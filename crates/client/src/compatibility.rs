//! Whether a network fits this build: the layout of its accounts, and the very program.

use crate::deploy::{image, state};
use crate::error::ChainError;
use crate::pda::PROGRAM;
use crate::rpc::client::Rpc;
use millrace_program::constants::ACCOUNT_VERSION;
use millrace_program::state::Network;

/// # Errors
/// [`ChainError::WrongVersion`] where the network's accounts are of another layout.
pub fn require_version(network: &Network) -> Result<(), ChainError> {
    match network.version {
        ACCOUNT_VERSION => Ok(()),
        found => Err(ChainError::WrongVersion {
            found,
            expected: ACCOUNT_VERSION,
        }),
    }
}

impl Rpc {
    /// The program's hash, lowercase hex: SHA-256 of its file, less the zeros at the end, as
    /// `solana-verify get-program-hash` tells it.
    ///
    /// # Errors
    /// [`ChainError::NoProgram`]; [`ChainError::Layout`] where it was closed.
    pub async fn program_hash(&self) -> Result<String, ChainError> {
        let found = state::read_program(self).await?;
        let found = found.ok_or(ChainError::NoProgram(PROGRAM))?;
        Ok(hash(&found.bytes))
    }

    /// # Errors
    /// [`ChainError::WrongProgram`] unless the program has this hash, in hex.
    pub async fn require_program(&self, expected: &str) -> Result<(), ChainError> {
        let found = self.program_hash().await?;
        if found.eq_ignore_ascii_case(expected.trim()) {
            return Ok(());
        }
        Err(ChainError::WrongProgram {
            program: PROGRAM,
            found,
            expected: expected.to_owned(),
        })
    }
}

/// The hash of a program's file, lowercase hex.
pub fn hash(file: &[u8]) -> String {
    hex::encode(image::program_hash(file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_network_of_another_version_is_refused_with_what_to_do() {
        let mut network: Network = bytemuck::Zeroable::zeroed();
        network.version = ACCOUNT_VERSION;
        assert!(require_version(&network).is_ok());
        network.version = ACCOUNT_VERSION + 1;
        let newer = require_version(&network).unwrap_err().to_string();
        assert!(newer.contains("install the millrace"), "{newer}");
        network.version = 0;
        let older = require_version(&network).unwrap_err().to_string();
        assert!(older.contains("millrace migrate"), "{older}");
    }

    #[test]
    fn the_room_behind_a_program_is_no_part_of_its_hash() {
        assert_eq!(hash(b"program"), hash(b"program\0\0\0"));
        assert_ne!(hash(b"program"), hash(b"programs"));
        // The known digest of nothing.
        assert!(hash(&[0; 9]).starts_with("e3b0c44298fc1c14"));
    }
}
