//! Errors as their numbers: a refusal must cost no more bytes than the check that it ends.

use crate::error::MillraceError;
use anchor_lang::error::Error;
use anchor_lang::prelude::{ErrorCode, ProgramError};

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
pub trait Refuse {
    /// The error.
    fn refuse(self) -> Error;
}

impl Refuse for MillraceError {
    fn refuse(self) -> Error {
        self.into()
    }
}

impl Refuse for ErrorCode {
    fn refuse(self) -> Error {
        refusal(self as u32)
    }
}

impl Refuse for ProgramError {
    fn refuse(self) -> Error {
        of_runtime(self)
    }
}
