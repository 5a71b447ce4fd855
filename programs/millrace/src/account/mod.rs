//! The accounts of an instruction: parsing, checking, creating and closing them, and calling other
//! programs with them.
//!
//! The types have the names of Anchor's types and behave alike, so that Anchor's attributes and IDL keep
//! working; `millrace-macros` derives their use. README.md beside this file has the reasons, the
//! invariants, and a table of Anchor's checks with ours.

mod call;
mod create;
mod error;
mod kind;
#[cfg(not(feature = "stock"))]
mod loader;
#[cfg(feature = "stock")]
mod stock;
mod table;
mod token;
#[cfg(not(feature = "stock"))]
mod types;

pub use call::{AccountAccess, call};
pub use create::{canonical_bump, close, create, create_vault, create_with_bump};
pub use error::{IntoProgramError, error_from_code, runtime_error};
pub use kind::{ProgramAccount, ProgramAccountType, discriminator_number};
#[cfg(not(feature = "stock"))]
pub use loader::AccountLoader;
#[cfg(feature = "stock")]
pub use stock::{
    AccountLoader, Interface, InterfaceAccount, LoadTokenView, Program, ProgramAccountLoader,
    Signer,
};
pub use table::{
    AccountKind, AccountRule, check_accounts, deserialize_arg, optional_account, require_same_key,
};
pub use token::{TokenView, is_token_program};
#[cfg(not(feature = "stock"))]
pub use types::{Interface, InterfaceAccount, Program, Signer};

use anchor_lang::prelude::{AccountInfo, Clock, Pubkey, SolanaSysvar as _};
use anchor_lang::{Bumps, Result};

/// The accounts of an instruction whose arguments are `A`.
pub trait Parse<'info, A>: Bumps + Sized {
    /// Checks the first accounts of `rest` against their attributes and removes them from `rest`.
    ///
    /// # Errors
    /// Anchor's codes for an account that is wrong by itself, and the codes named in the attributes for
    /// a relation between accounts that does not hold.
    fn parse(
        rest: &mut &'info [AccountInfo<'info>],
        args: &A,
        bumps: &mut Self::Bumps,
    ) -> Result<Box<Self>>;
}

/// A type whose accounts have passed the checks of their rule.
pub trait FromChecked<'info> {
    fn from_checked(info: &'info AccountInfo<'info>) -> Self;
}

/// # Errors
/// The runtime's.
#[inline(never)]
pub fn clock() -> Result<Clock> {
    Clock::get().map_err(runtime_error)
}

/// The address of an account, without the copy that Anchor's `Key` makes.
pub fn key<'a, 'info: 'a>(account: &'a impl AsRef<AccountInfo<'info>>) -> &'a Pubkey {
    account.as_ref().key
}
