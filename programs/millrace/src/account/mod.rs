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
mod loader;
mod table;
mod token;
mod types;

pub use call::{AccountAccess, call};
pub use create::{
    canonical_bump, check_vault, close, create, create_vault, create_with_bump, is_created,
};
pub use error::{IntoProgramError, error_from_code, runtime_error};
pub use kind::{ProgramAccount, ProgramAccountType, discriminator_number};
pub use loader::AccountLoader;
pub use table::{
    AccountKind, AccountRule, check_accounts, deserialize_arg, optional_account, require_same_key,
};
pub use token::{InterfaceAccount, TokenView, is_token_program};
pub use types::{Interface, Program, Signer};

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

/// Implements the traits that Anchor's macros require of an account type.
macro_rules! impl_account_traits {
    ($name:ident $(, $t:ident: $bound:path)?) => {
        impl<'info $(, $t: $bound)?> crate::account::FromChecked<'info> for $name<'info $(, $t)?> {
            fn from_checked(info: &'info anchor_lang::prelude::AccountInfo<'info>) -> Self {
                Self::of(info)
            }
        }

        impl<'info $(, $t: $bound)?> AsRef<anchor_lang::prelude::AccountInfo<'info>> for $name<'info $(, $t)?> {
            fn as_ref(&self) -> &anchor_lang::prelude::AccountInfo<'info> {
                self.info
            }
        }

        impl<'info $(, $t: $bound)?> anchor_lang::Key for $name<'info $(, $t)?> {
            fn key(&self) -> anchor_lang::prelude::Pubkey {
                *self.info.key
            }
        }

        impl<'info $(, $t: $bound)?> anchor_lang::ToAccountInfos<'info> for $name<'info $(, $t)?> {
            fn to_account_infos(&self) -> Vec<anchor_lang::prelude::AccountInfo<'info>> {
                vec![self.info.clone()]
            }
        }

        impl<'info $(, $t: $bound)?> anchor_lang::ToAccountMetas for $name<'info $(, $t)?> {
            fn to_account_metas(&self, is_signer: Option<bool>) -> Vec<anchor_lang::prelude::AccountMeta> {
                self.info.to_account_metas(is_signer)
            }
        }

        impl<'info $(, $t: $bound)?> anchor_lang::AccountsExit<'info> for $name<'info $(, $t)?> {}
    };
}
use impl_account_traits;

/// Defines an account type that holds the account's [`AccountInfo`] and nothing else.
macro_rules! account_wrapper {
    ($(#[$doc:meta])* $name:ident $(<$t:ident>)?) => {
        $(#[$doc])*
        pub struct $name<'info $(, $t)?> {
            info: &'info anchor_lang::prelude::AccountInfo<'info>,
            $(kind: std::marker::PhantomData<$t>,)?
        }

        impl<'info $(, $t)?> $name<'info $(, $t)?> {
            fn of(info: &'info anchor_lang::prelude::AccountInfo<'info>) -> Self {
                Self {
                    info,
                    $(kind: std::marker::PhantomData::<$t>,)?
                }
            }
        }

        crate::account::impl_account_traits!($name $(, $t: Sized)?);
    };
}
use account_wrapper;
