//! Accounts of this program.

use super::error::IntoProgramError;
use super::kind::{ProgramAccount, own};
use super::stands_for_account;
use anchor_lang::prelude::*;
use std::cell::{Ref, RefMut};
use std::marker::PhantomData;

/// An account of this program, read and written in place.
pub struct AccountLoader<'info, T: ProgramAccount> {
    info: &'info AccountInfo<'info>,
    kind: PhantomData<T>,
}

stands_for_account!(AccountLoader, T: ProgramAccount);

/// Bytes before the content.
const HEAD: usize = 8;

impl<'info, T: ProgramAccount> AccountLoader<'info, T> {
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self {
            info,
            kind: PhantomData,
        }
    }

    /// Takes an account that no table has checked.
    ///
    /// # Errors
    /// Anchor's codes for an account of another program or type.
    pub fn try_from(info: &'info AccountInfo<'info>) -> Result<Self> {
        let kind = const { own::<T>() };
        kind.check(info)?;
        Ok(Self::of(info))
    }

    /// To read.
    ///
    /// # Errors
    /// The runtime's where it is being written.
    pub fn load(&self) -> Result<Ref<'_, T>> {
        let data = borrow(self.info)?;
        Ok(Ref::map(data, |data| {
            bytemuck::from_bytes(&data[HEAD..HEAD + size_of::<T>()])
        }))
    }

    /// To write.
    ///
    /// # Errors
    /// Anchor's `AccountNotMutable`; the runtime's where it is being read.
    pub fn load_mut(&self) -> Result<RefMut<'_, T>> {
        let data = borrow_mut(self.info)?;
        Ok(RefMut::map(data, |data| {
            bytemuck::from_bytes_mut(&mut data[HEAD..HEAD + size_of::<T>()])
        }))
    }

    /// To write for the first time, after [`super::create`].
    ///
    /// # Errors
    /// As [`Self::load_mut`], and Anchor's `AccountDiscriminatorAlreadySet`.
    pub fn load_init(&self) -> Result<RefMut<'_, T>> {
        start(self.info, T::DISCRIMINATOR)?;
        self.load_mut()
    }

    /// Writes it for the first time, whole.
    ///
    /// # Errors
    /// As [`Self::load_init`].
    pub fn init(&self, content: &T) -> Result<()> {
        *self.load_init()? = *content;
        Ok(())
    }

    /// Gives its lamports to `to` and the account itself back to the system.
    ///
    /// # Errors
    /// Anchor's `ConstraintClose` where both are the same.
    pub fn close(&self, to: &AccountInfo) -> Result<()> {
        super::close(self.info, to)
    }
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
    // The runtime would refuse it too, with an error that says less.
    if !info.is_writable {
        return Err(ErrorCode::AccountNotMutable.into_program_error());
    }
    let data = info
        .try_borrow_mut_data()
        .map_err(IntoProgramError::into_program_error)?;
    Ok(RefMut::map(data, |data| &mut **data))
}

#[inline(never)]
fn start(info: &AccountInfo, discriminator: &[u8]) -> Result<()> {
    let mut data = borrow_mut(info)?;
    let Some((head, _)) = data.split_first_chunk_mut::<HEAD>() else {
        return Err(ErrorCode::AccountDidNotDeserialize.into_program_error());
    };
    if *head != [0; HEAD] {
        return Err(ErrorCode::AccountDiscriminatorAlreadySet.into_program_error());
    }
    head.copy_from_slice(discriminator);
    Ok(())
}
