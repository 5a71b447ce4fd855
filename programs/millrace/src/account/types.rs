//! Types that wrap one checked account and hold nothing else.

use super::{FromChecked, TokenView};
use anchor_lang::prelude::{AccountInfo, Result, UncheckedAccount};
use anchor_spl::token_interface::TokenAccount;

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
pub(super) use impl_account_traits;

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

        crate::account::types::impl_account_traits!($name $(, $t: Sized)?);
    };
}

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

account_wrapper! {
    /// A token account or a mint of either token program, named like Anchor's type.
    InterfaceAccount<T>
}

impl InterfaceAccount<'_, TokenAccount> {
    /// Reads the current content.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] if the account is no longer a token account.
    pub fn load(&self) -> Result<TokenView> {
        TokenView::read(self.info)
    }
}
