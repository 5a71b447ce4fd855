//! The account types of this program.

use super::error::{IntoProgramError, foreign};
use anchor_lang::prelude::*;
use anchor_lang::{Owner, ZeroCopy};

/// A type of this program's accounts.
pub trait ProgramAccount: ZeroCopy + Owner {
    /// Bytes that such an account has at least, without the discriminator. Only accounts that have the
    /// whole type can be loaded.
    const LEAST: usize = size_of::<Self>();
}

/// A type of this program's accounts.
pub struct Own {
    tag: u64,
    size: usize,
}

/// The type `T` in a table.
pub const fn own<T: ProgramAccount>() -> Own {
    Own {
        tag: tag(T::DISCRIMINATOR),
        size: T::LEAST,
    }
}

/// A discriminator as a number.
pub const fn tag(discriminator: &[u8]) -> u64 {
    match discriminator.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

impl Own {
    /// # Errors
    /// Anchor's codes for an account of another program or type.
    pub fn check(&self, info: &AccountInfo) -> Result<()> {
        if *info.owner != crate::ID {
            return Err(foreign(info));
        }
        let data = info
            .try_borrow_data()
            .map_err(IntoProgramError::into_program_error)?;
        let Some((found, data)) = data.split_first_chunk() else {
            return Err(ErrorCode::AccountDiscriminatorNotFound.into_program_error());
        };
        if u64::from_le_bytes(*found) != self.tag {
            return Err(ErrorCode::AccountDiscriminatorMismatch.into_program_error());
        }
        match data.len() >= self.size {
            true => Ok(()),
            false => Err(ErrorCode::AccountDidNotDeserialize.into_program_error()),
        }
    }
}
