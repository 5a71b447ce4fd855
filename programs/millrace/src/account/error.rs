//! Errors as their numbers: a refusal must cost no more bytes than the check that it ends.

use crate::error::MillraceError;
use anchor_lang::error::Error;
use anchor_lang::prelude::{AccountInfo, ErrorCode, ProgramError};
use anchor_lang::system_program;

/// The error of a number.
#[cold]
#[inline(never)]
pub fn refusal(code: u32) -> Error {
    ProgramError::Custom(code).into()
}

/// An error of the runtime.
#[cold]
#[inline(never)]
pub fn of_runtime(error: ProgramError) -> Error {
    error.into()
}

/// What a check can refuse with.
pub trait IntoProgramError {
    /// The error.
    fn into_program_error(self) -> Error;
}

impl IntoProgramError for MillraceError {
    fn into_program_error(self) -> Error {
        self.into()
    }
}

impl IntoProgramError for ErrorCode {
    fn into_program_error(self) -> Error {
        refusal(self as u32)
    }
}

impl IntoProgramError for ProgramError {
    fn into_program_error(self) -> Error {
        of_runtime(self)
    }
}

/// The error for an account of another program than it should be of: where nothing was ever made, that
/// is said.
#[cold]
pub(super) fn foreign(info: &AccountInfo) -> Error {
    match *info.owner == system_program::ID && info.lamports() == 0 {
        true => ErrorCode::AccountNotInitialized.into_program_error(),
        false => ErrorCode::AccountOwnedByWrongProgram.into_program_error(),
    }
}
