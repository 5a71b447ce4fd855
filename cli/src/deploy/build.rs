//! The build of the on-chain program that a command works with.

use super::binary::program_bytes;
use super::error::DeployError;
use crate::error::CliError;
use clap::Args;
use millrace_client::deploy::image::{self, ImageDiff};
use millrace_client::deploy::state::{
    DeployedProgram, MAX_ACCOUNT_BYTES, PROGRAM_DATA_HEADER_BYTES,
};
use millrace_client::pda::PROGRAM;
use std::path::PathBuf;

#[derive(Args, Clone, Debug, Default)]
pub struct BuildArgs {
    /// Compiled program [default: MILLRACE_PROGRAM_SO, or the one embedded in this binary]
    #[arg(long, value_name = "FILE")]
    pub program_so: Option<PathBuf>,
}

/// A compiled program that declares the address of this binary's program.
#[derive(Clone, Debug)]
pub struct Build {
    /// The whole file, including trailing zeros, which are part of the format.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file.
    pub file_hash: [u8; 32],
    /// SHA-256 of the bytes without trailing zeros, as `solana-verify` computes it.
    pub hash: [u8; 32],
}

impl BuildArgs {
    /// # Errors
    /// [`DeployError::OtherProgram`], [`DeployError::TooLarge`], and those of [`program_bytes`].
    pub fn load(&self) -> Result<Build, CliError> {
        let file = program_bytes(self.program_so.as_deref())?;
        if !image::contains_address(&file, &PROGRAM) {
            return Err(DeployError::OtherProgram { expected: PROGRAM }.into());
        }
        let build = Build {
            file_hash: millrace_protocol::hash::sha256(&[&file]),
            hash: image::program_hash(&file),
            bytes: file.into_owned(),
        };
        require_room(build.bytes.len())?;
        Ok(build)
    }
}

impl Build {
    /// Maximum size of the program that this build is deployed as.
    ///
    /// # Errors
    /// [`DeployError::MaxLenTooSmall`], [`DeployError::TooLarge`].
    pub fn room(&self, max_len: Option<usize>) -> Result<usize, DeployError> {
        let length = self.bytes.len();
        let room = max_len.unwrap_or(length);
        if room < length {
            return Err(DeployError::MaxLenTooSmall {
                max_len: room,
                length,
            });
        }
        require_room(room)?;
        Ok(room)
    }

    /// # Errors
    /// [`DeployError::Differs`] unless the program on chain has this build's bytes.
    pub fn require_same(&self, deployed: &DeployedProgram) -> Result<(), DeployError> {
        match ImageDiff::between(&deployed.bytes, &self.bytes) {
            None => Ok(()),
            Some(found) => Err(DeployError::Differs {
                bytes: found.bytes,
                first: found.first,
                on_chain: found.length,
                build: found.other_length,
            }),
        }
    }
}

/// # Errors
/// [`DeployError::TooLarge`] if no account can hold a program of `length` bytes.
fn require_room(length: usize) -> Result<(), DeployError> {
    let wanted = PROGRAM_DATA_HEADER_BYTES.saturating_add(length);
    if wanted > MAX_ACCOUNT_BYTES {
        return Err(DeployError::TooLarge {
            wanted,
            max: MAX_ACCOUNT_BYTES,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn room_is_at_least_the_build_and_at_most_an_account() {
        let build = Build {
            bytes: vec![1; 500],
            file_hash: [0; 32],
            hash: [0; 32],
        };
        assert_eq!(build.room(None).unwrap(), 500);
        assert_eq!(build.room(Some(900)).unwrap(), 900);
        assert!(matches!(
            build.room(Some(499)),
            Err(DeployError::MaxLenTooSmall { .. })
        ));
        assert!(matches!(
            build.room(Some(MAX_ACCOUNT_BYTES)),
            Err(DeployError::TooLarge { .. })
        ));
    }
}
