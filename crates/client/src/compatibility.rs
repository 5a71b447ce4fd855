//! Whether a network fits this build: the version of its accounts, and the hash of its program.

use crate::deploy::{image, state};
use crate::error::ChainError;
use crate::pda::PROGRAM;
use crate::rpc::client::Rpc;
use millrace_program::constants::ACCOUNT_VERSION;
use millrace_program::state::Network;

/// The network's account, if this build supports its version.
///
/// # Errors
/// [`ChainError::WrongVersion`], and the errors of [`Rpc::network`].
pub async fn supported_network(rpc: &Rpc) -> Result<Network, ChainError> {
    let network = rpc.network().await?;
    require_version(&network)?;
    Ok(network)
}

/// # Errors
/// [`ChainError::WrongVersion`] if the network's accounts have another version than this build supports.
pub fn require_version(network: &Network) -> Result<(), ChainError> {
    if network.version == ACCOUNT_VERSION {
        return Ok(());
    }
    Err(ChainError::WrongVersion {
        found: network.version,
        expected: ACCOUNT_VERSION,
    })
}

/// The hash of the program on chain, lowercase hex: SHA-256 of its file without the zeros at the end, as
/// `solana-verify get-program-hash` prints it.
///
/// # Errors
/// [`ChainError::NoProgram`], and the errors of [`state::read_program`].
pub async fn program_hash(rpc: &Rpc) -> Result<String, ChainError> {
    let program = state::read_program(rpc).await?;
    let program = program.ok_or(ChainError::NoProgram(PROGRAM))?;
    Ok(file_hash(&program.bytes))
}

/// # Errors
/// [`ChainError::WrongProgram`] unless the program on chain has this hash, hex in either case; the errors
/// of [`program_hash`].
pub async fn require_program(rpc: &Rpc, expected: &str) -> Result<(), ChainError> {
    let found = program_hash(rpc).await?;
    if found.eq_ignore_ascii_case(expected.trim()) {
        return Ok(());
    }
    Err(ChainError::WrongProgram {
        program: PROGRAM,
        found,
        expected: expected.to_owned(),
    })
}

/// The hash of a program's file, lowercase hex, as [`program_hash`] computes it.
pub fn file_hash(file: &[u8]) -> String {
    hex::encode(image::program_hash(file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn other_account_versions_are_refused_with_advice() {
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
    fn hash_ignores_zeros_at_the_end() {
        assert_eq!(file_hash(b"program"), file_hash(b"program\0\0\0"));
        assert_ne!(file_hash(b"program"), file_hash(b"programs"));
        // The well-known digest of no bytes.
        assert!(file_hash(&[0; 9]).starts_with("e3b0c44298fc1c14"));
    }
}
