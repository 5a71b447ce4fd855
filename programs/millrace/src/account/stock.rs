//! Anchor's own account types, with the few methods that ours have beside Anchor's.

use super::{ProgramAccount, TokenView};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;

pub use anchor_lang::prelude::{AccountLoader, Interface, InterfaceAccount, Program, Signer};

/// Methods of our `AccountLoader` that Anchor's does not have.
pub trait ProgramAccountLoader<T> {
    fn init(&self, content: &T) -> Result<()>;
    fn close_to(&self, to: &AccountInfo) -> Result<()>;
}

impl<T: ProgramAccount> ProgramAccountLoader<T> for AccountLoader<'_, T> {
    fn init(&self, content: &T) -> Result<()> {
        *self.load_init()? = *content;
        Ok(())
    }

    fn close_to(&self, to: &AccountInfo) -> Result<()> {
        super::close(self.as_ref(), to)
    }
}

/// Reads a token account as it is now, not as it was when the instruction began.
pub trait LoadTokenView {
    fn load(&self) -> Result<TokenView>;
}

impl LoadTokenView for InterfaceAccount<'_, TokenAccount> {
    fn load(&self) -> Result<TokenView> {
        TokenView::read(self.as_ref())
    }
}
