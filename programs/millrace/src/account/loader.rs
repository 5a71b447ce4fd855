//! Accounts of this program, read and written in place.

use super::error::IntoProgramError;
use super::kind::{ProgramAccount, ProgramAccountType};
use super::types::impl_account_traits;
use anchor_lang::prelude::*;
use std::cell::{Ref, RefMut};
use std::marker::PhantomData;

/// An account of this program, read and written in place.
pub struct AccountLoader<'info, T: ProgramAccount> {
    info: &'info AccountInfo<'info>,
    kind: PhantomData<T>,
}

impl_account_traits!(AccountLoader, T: ProgramAccount);

const DISCRIMINATOR_BYTES: usize = 8;

impl<'info, T: ProgramAccount> AccountLoader<'info, T> {
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self {
            info,
            kind: PhantomData,
        }
    }

    /// Checks an account that is in no table of rules, such as a remaining account.
    ///
    /// # Errors
    /// Anchor's codes for an account of another program or type.
    pub fn try_from(info: &'info AccountInfo<'info>) -> Result<Self> {
        let kind = const { ProgramAccountType::of::<T>() };
        kind.check(info)?;
        Ok(Self::of(info))
    }

    /// # Errors
    /// The runtime's if the account is borrowed mutably.
    pub fn load(&self) -> Result<Ref<'_, T>> {
        let data = borrow(self.info)?;
        Ok(Ref::map(data, |data| {
            bytemuck::from_bytes(&data[const { content::<T>() }])
        }))
    }

    /// # Errors
    /// Anchor's `AccountNotMutable`; the runtime's if the account is borrowed.
    pub fn load_mut(&self) -> Result<RefMut<'_, T>> {
        let data = borrow_mut(self.info)?;
        Ok(RefMut::map(data, |data| {
            bytemuck::from_bytes_mut(&mut data[const { content::<T>() }])
        }))
    }

    /// Writes the discriminator of an account that [`super::create`] has just created, and loads it.
    ///
    /// # Errors
    /// Those of [`Self::load_mut`], and Anchor's `AccountDiscriminatorAlreadySet`.
    pub fn load_init(&self) -> Result<RefMut<'_, T>> {
        write_discriminator(self.info, T::DISCRIMINATOR)?;
        self.load_mut()
    }

    /// Writes the discriminator and the whole content.
    ///
    /// # Errors
    /// Those of [`Self::load_init`].
    pub fn init(&self, content: &T) -> Result<()> {
        *self.load_init()? = *content;
        Ok(())
    }

    /// Closes the account; its lamports go to `to`.
    ///
    /// # Errors
    /// Those of [`super::close`].
    pub fn close_to(&self, to: &AccountInfo) -> Result<()> {
        super::close(self.info, to)
    }
}

/// The bytes of an account that hold its content.
const fn content<T>() -> std::ops::Range<usize> {
    DISCRIMINATOR_BYTES..DISCRIMINATOR_BYTES.saturating_add(size_of::<T>())
}

#[inline(never)]
fn borrow<'a>(info: &'a AccountInfo) -> Result<Ref<'a, [u8]>> {
    let data = info
        .try_borrow_data()
        .map_err(IntoProgramError::into_program_error)?;
    Ok(Ref::map(data, |data| &**data))
}

#[inline(never)]
fn borrow_mut<'a>(info: &'a AccountInfo) -> Result<RefMut<'a, [u8]>> {
    // The runtime would refuse the write too, but its error does not name the cause.
    if !info.is_writable {
        return Err(ErrorCode::AccountNotMutable.into_program_error());
    }
    let data = info
        .try_borrow_mut_data()
        .map_err(IntoProgramError::into_program_error)?;
    Ok(RefMut::map(data, |data| &mut **data))
}

#[inline(never)]
fn write_discriminator(info: &AccountInfo, discriminator: &[u8]) -> Result<()> {
    let mut data = borrow_mut(info)?;
    let Some((head, _)) = data.split_first_chunk_mut::<DISCRIMINATOR_BYTES>() else {
        return Err(ErrorCode::AccountDidNotDeserialize.into_program_error());
    };
    if *head != [0; DISCRIMINATOR_BYTES] {
        return Err(ErrorCode::AccountDiscriminatorAlreadySet.into_program_error());
    }
    head.copy_from_slice(discriminator);
    Ok(())
}
