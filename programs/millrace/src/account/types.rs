//! Signers and programs.

use super::{Checked, stands_for_account};
use anchor_lang::prelude::{AccountInfo, UncheckedAccount};
use std::marker::PhantomData;

/// A signer of the transaction.
pub struct Signer<'info> {
    info: &'info AccountInfo<'info>,
}

impl<'info> Signer<'info> {
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self { info }
    }
}

stands_for_account!(Signer);

/// A program.
pub struct Program<'info, T> {
    info: &'info AccountInfo<'info>,
    kind: PhantomData<T>,
}

impl<'info, T> Program<'info, T> {
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self {
            info,
            kind: PhantomData,
        }
    }
}

stands_for_account!(Program, T: Sized);

/// One of several programs that understand the same instructions.
pub struct Interface<'info, T> {
    info: &'info AccountInfo<'info>,
    kind: PhantomData<T>,
}

impl<'info, T> Interface<'info, T> {
    fn of(info: &'info AccountInfo<'info>) -> Self {
        Self {
            info,
            kind: PhantomData,
        }
    }
}

stands_for_account!(Interface, T: Sized);

impl<'info> Checked<'info> for UncheckedAccount<'info> {
    fn checked(info: &'info AccountInfo<'info>) -> Self {
        Self::try_from(info)
    }
}
