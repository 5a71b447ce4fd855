//! Token accounts and mints. Those of both token programs begin alike, so the few fields that matter
//! are read in place.

use super::account_type;
use super::error::{IntoProgramError, foreign};
use crate::error::MillraceError;
use anchor_lang::prelude::*;
use anchor_spl::token_interface::TokenAccount;

account_type! {
    /// A token account or a mint of either token program, by the name of Anchor's type for it.
    InterfaceAccount<T>
}

/// Bytes of a token account without extensions.
const ACCOUNT: usize = 165;
/// Bytes of a mint without extensions.
const MINT: usize = 82;
/// Where an account with extensions says what it is: behind the size of a token account.
const KIND: usize = ACCOUNT;
/// The number of mints, and that of token accounts.
const KINDS: (u8, u8) = (1, 2);
/// Where a token account says whether it is initialized, and a mint.
const STATES: (usize, usize) = (108, 45);

/// Whether it is one of the two token programs.
pub fn is_token_program(key: &Pubkey) -> bool {
    *key == anchor_spl::token::ID || *key == anchor_spl::token_2022::ID
}

/// # Errors
/// Anchor's codes for an account of another program; the runtime's for one that is no token account.
pub(super) fn check_account(info: &AccountInfo) -> Result<()> {
    check(info, (ACCOUNT, KINDS.1, STATES.0))
}

/// # Errors
/// As [`check_account`].
pub(super) fn check_mint(info: &AccountInfo) -> Result<()> {
    check(info, (MINT, KINDS.0, STATES.1))
}

#[inline(never)]
fn check(info: &AccountInfo, (size, kind, state): (usize, u8, usize)) -> Result<()> {
    if !is_token_program(info.owner) {
        return Err(foreign(info));
    }
    let data = info
        .try_borrow_data()
        .map_err(IntoProgramError::into_program_error)?;
    let whole = data.len() == size || data.get(KIND) == Some(&kind);
    if !whole {
        return Err(ProgramError::InvalidAccountData.into_program_error());
    }
    match data.get(state) {
        Some(0) | None => Err(ProgramError::UninitializedAccount.into_program_error()),
        Some(_) => Ok(()),
    }
}

impl InterfaceAccount<'_, TokenAccount> {
    /// What the account says now.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] where it is no token account any more.
    pub fn load(&self) -> Result<TokenView> {
        TokenView::read(self.info)
    }
}

/// What a token account begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its mint.
    pub mint: Pubkey,
    /// Who owns it.
    pub owner: Pubkey,
    /// What is in it, base units.
    pub amount: u64,
}

impl TokenView {
    /// Reads a token account of the given token program.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] where it is none.
    pub fn of(account: &AccountInfo, program: &Pubkey) -> Result<Self> {
        if account.owner != program {
            return Err(MillraceError::WrongAccount.into_program_error());
        }
        Self::read(account)
    }

    #[inline(never)]
    fn read(account: &AccountInfo) -> Result<Self> {
        let data = account
            .try_borrow_data()
            .map_err(IntoProgramError::into_program_error)?;
        let whole = data.len() == ACCOUNT || data.get(KIND) == Some(&KINDS.1);
        let read = || {
            let key = |at: usize| data.get(at..at + 32)?.try_into().ok();
            Some(Self {
                mint: Pubkey::new_from_array(key(0)?),
                owner: Pubkey::new_from_array(key(32)?),
                amount: u64::from_le_bytes(data.get(64..72)?.try_into().ok()?),
            })
        };
        let found = if whole { read() } else { None };
        found.ok_or_else(|| MillraceError::WrongAccount.into_program_error())
    }

    /// # Errors
    /// [`MillraceError::WrongAccount`] unless it is of this mint and owner.
    pub fn require(&self, mint: &Pubkey, owner: &Pubkey) -> Result<()> {
        match self.mint == *mint && self.owner == *owner {
            true => Ok(()),
            false => Err(MillraceError::WrongAccount.into_program_error()),
        }
    }
}
