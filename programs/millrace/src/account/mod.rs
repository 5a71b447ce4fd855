//! The accounts of an instruction: parsing, checking, making and closing them, and calling other
//! programs with them.
//!
//! The types have the names of Anchor's and do the same, so that its attributes and its IDL go on
//! working (`millrace-macros` has the derive). They are our own because Anchor's write every check
//! out again for every account of every instruction: the program would be six times as large, and a
//! job a third dearer. Here the checks are one table for each instruction, read by one function, and
//! what a check was passed for is not checked again.

mod call;
mod create;
mod error;
mod kind;
mod loader;
mod table;
mod token;
mod types;

pub use call::{Role, call};
pub use create::{
    canonical_bump, close, create, create_vault, create_with_bump, is_made, require_vault,
};
pub use error::{IntoProgramError, of_runtime, refusal};
pub use kind::{Own, ProgramAccount, own, tag};
pub use loader::AccountLoader;
pub use table::{Kind, Slot, argument, check, present, same};
pub use token::{InterfaceAccount, TokenView, is_token_program};
pub use types::{Interface, Program, Signer};

use anchor_lang::prelude::{AccountInfo, Clock, Pubkey, SolanaSysvar as _};
use anchor_lang::{Bumps, Result};

/// Accounts of an instruction with arguments `A`, found at the beginning of a list of accounts.
pub trait Parse<'info, A>: Bumps + Sized {
    /// Takes them off the list and checks all that their attributes say.
    ///
    /// # Errors
    /// Anchor's codes for what is wrong with an account itself, those of the attributes for how it
    /// stands to another.
    fn parse(
        rest: &mut &'info [AccountInfo<'info>],
        args: &A,
        bumps: &mut Self::Bumps,
    ) -> Result<Box<Self>>;
}

/// An account that has passed the checks of its type.
pub trait Checked<'info> {
    /// Takes the account by its type.
    fn checked(info: &'info AccountInfo<'info>) -> Self;
}

/// What time it is.
///
/// # Errors
/// The runtime's.
#[inline(never)]
pub fn clock() -> Result<Clock> {
    Clock::get().map_err(of_runtime)
}

/// The address of an account.
pub fn key<'a, 'info: 'a>(account: &'a impl AsRef<AccountInfo<'info>>) -> &'a Pubkey {
    account.as_ref().key
}

/// The traits that Anchor's macros want of a type that stands for one account.
macro_rules! stands_for_account {
    ($name:ident $(, $t:ident: $bound:path)?) => {
        impl<'info $(, $t: $bound)?> crate::account::Checked<'info> for $name<'info $(, $t)?> {
            fn checked(info: &'info anchor_lang::prelude::AccountInfo<'info>) -> Self {
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
use stands_for_account;

/// A type that stands for one account and holds nothing else.
macro_rules! account_type {
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

        crate::account::stands_for_account!($name $(, $t: Sized)?);
    };
}
use account_type;
