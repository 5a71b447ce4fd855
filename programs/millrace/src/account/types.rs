//! Signers and programs.

use super::{Checked, account_type};
use anchor_lang::prelude::{AccountInfo, UncheckedAccount};

account_type! {
    /// A signer of the transaction.
    Signer
}

account_type! {
    /// A program.
    Program<T>
}

account_type! {
    /// One of several programs that understand the same instructions.
    Interface<T>
}

impl<'info> Checked<'info> for UncheckedAccount<'info> {
    fn checked(info: &'info AccountInfo<'info>) -> Self {
        Self::try_from(info)
    }
}
