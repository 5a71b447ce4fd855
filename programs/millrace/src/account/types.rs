//! Signers and programs.

use super::{FromChecked, account_wrapper};
use anchor_lang::prelude::{AccountInfo, UncheckedAccount};

account_wrapper! {
    /// A signer of the transaction.
    Signer
}

account_wrapper! {
    /// The system program, whatever `T` is: the table of rules has no other program.
    Program<T>
}

account_wrapper! {
    /// One of the two token programs, whatever `T` is.
    Interface<T>
}

impl<'info> FromChecked<'info> for UncheckedAccount<'info> {
    fn from_checked(info: &'info AccountInfo<'info>) -> Self {
        Self::try_from(info)
    }
}
