//! The program's own account types, as a check reads them.

use super::error::{IntoProgramError, wrong_owner_error};
use anchor_lang::prelude::*;
use anchor_lang::{Owner, ZeroCopy};

/// An account type of this program.
pub trait ProgramAccount: ZeroCopy + Owner {
    /// Minimum length of the content, without the discriminator. [`super::AccountLoader`] can load only
    /// types whose minimum is the whole type.
    const MIN_BYTES: usize = size_of::<Self>();
}

/// The discriminator and the minimum length of an account type.
pub struct ProgramAccountType {
    discriminator: u64,
    min_bytes: usize,
}

impl ProgramAccountType {
    pub const fn of<T: ProgramAccount>() -> Self {
        Self {
            discriminator: discriminator_number(T::DISCRIMINATOR),
            min_bytes: T::MIN_BYTES,
        }
    }

    /// # Errors
    /// Anchor's codes for an account of another program or type.
    pub fn check(&self, info: &AccountInfo) -> Result<()> {
        if *info.owner != crate::ID {
            return Err(wrong_owner_error(info));
        }
        let data = info
            .try_borrow_data()
            .map_err(IntoProgramError::into_program_error)?;
        let Some((found, content)) = data.split_first_chunk() else {
            return Err(ErrorCode::AccountDiscriminatorNotFound.into_program_error());
        };
        if u64::from_le_bytes(*found) != self.discriminator {
            return Err(ErrorCode::AccountDiscriminatorMismatch.into_program_error());
        }
        if content.len() < self.min_bytes {
            return Err(ErrorCode::AccountDidNotDeserialize.into_program_error());
        }
        Ok(())
    }
}

/// The first eight bytes of a discriminator as a number, which is compared in one step.
pub const fn discriminator_number(discriminator: &[u8]) -> u64 {
    match discriminator.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}
