//! Conversion of errors to their codes. On chain an error is its code alone, so that raising an error
//! takes no more bytes than the check before it.

use crate::error::MillraceError;
use anchor_lang::error::Error;
use anchor_lang::prelude::{AccountInfo, ErrorCode, ProgramError};
use anchor_lang::system_program;

#[cold]
#[inline(never)]
pub fn error_from_code(code: u32) -> Error {
    ProgramError::Custom(code).into()
}

#[cold]
#[inline(never)]
pub fn runtime_error(error: ProgramError) -> Error {
    error.into()
}

/// An error that a check can return.
pub trait IntoProgramError {
    fn into_program_error(self) -> Error;
}

impl IntoProgramError for MillraceError {
    fn into_program_error(self) -> Error {
        self.into()
    }
}

impl IntoProgramError for ErrorCode {
    fn into_program_error(self) -> Error {
        error_from_code(self as u32)
    }
}

impl IntoProgramError for ProgramError {
    fn into_program_error(self) -> Error {
        runtime_error(self)
    }
}

/// The error for an account with the wrong owner. An account that was never created has an error of its own.
#[cold]
pub(super) fn wrong_owner_error(info: &AccountInfo) -> Error {
    if *info.owner == system_program::ID && info.lamports() == 0 {
        ErrorCode::AccountNotInitialized.into_program_error()
    } else {
        ErrorCode::AccountOwnedByWrongProgram.into_program_error()
    }
}
