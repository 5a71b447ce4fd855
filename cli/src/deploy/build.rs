//! The build of the on-chain program that a command is about.

use super::error::DeployError;
use crate::deploy::binary;
use crate::error::CliError;
use clap::Args;
use millrace_client::deploy::image;
use millrace_client::deploy::state::{MAX_ACCOUNT_BYTES, PROGRAM_DATA_HEADER_BYTES};
use millrace_client::pda::PROGRAM;
use std::path::PathBuf;

/// Which build.
#[derive(Args, Clone, Debug, Default)]
pub struct BuildArgs {
    /// The compiled program [default: MILLRACE_PROGRAM_SO, or the one that this binary carries]
    #[arg(long, value_name = "FILE")]
    pub program_so: Option<PathBuf>,
}

/// A compiled program for the address that this binary works with.
#[derive(Clone, Debug)]
pub struct Build {
    /// The file's bytes, with the zeros that may stand at their end: they are part of the format.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file.
    pub file_hash: [u8; 32],
    /// SHA-256 of the bytes without the zeros at their end, as `solana-verify` counts it.
    pub hash: [u8; 32],
}

impl BuildArgs {
    /// Reads it.
    ///
    /// # Errors
    /// [`DeployError::OtherProgram`], [`DeployError::TooLarge`], and those of [`binary::bytes`].
    pub fn load(&self) -> Result<Build, CliError> {
        let file = binary::bytes(self.program_so.as_deref())?;
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

/// # Errors
/// [`DeployError::TooLarge`] where no account can hold a program of so many bytes.
pub fn require_room(length: usize) -> Result<(), DeployError> {
    let wanted = PROGRAM_DATA_HEADER_BYTES.saturating_add(length);
    match wanted <= MAX_ACCOUNT_BYTES {
        true => Ok(()),
        false => Err(DeployError::TooLarge {
            wanted,
            most: MAX_ACCOUNT_BYTES,
        }),
    }
}
