//! Token accounts and mints. Their first fields are laid out alike in both token programs, so the few
//! fields that matter are read in place.

use super::error::{IntoProgramError, wrong_owner_error};
use crate::error::MillraceError;
use anchor_lang::prelude::*;

/// What distinguishes token accounts and mints from each other and from uninitialized ones.
struct Layout {
    /// Length without extensions.
    bytes: usize,
    /// The byte at [`KIND_OFFSET`] of an account with extensions.
    kind: u8,
    /// Offset of the byte that is not zero once the account is initialized.
    state_offset: usize,
}

const TOKEN_ACCOUNT: Layout = Layout {
    bytes: 165,
    kind: 2,
    state_offset: 108,
};
const MINT: Layout = Layout {
    bytes: 82,
    kind: 1,
    state_offset: 45,
};
/// Offset of the kind of an account with extensions: after the bytes of a token account, for mints too.
const KIND_OFFSET: usize = TOKEN_ACCOUNT.bytes;

pub fn is_token_program(key: &Pubkey) -> bool {
    *key == anchor_spl::token::ID || *key == anchor_spl::token_2022::ID
}

/// # Errors
/// Anchor's codes for an account of another program; the runtime's for an account that is not an
/// initialized token account.
pub(super) fn check_account(info: &AccountInfo) -> Result<()> {
    check(info, &TOKEN_ACCOUNT)
}

/// # Errors
/// Anchor's codes for an account of another program; the runtime's for an account that is not an
/// initialized mint.
pub(super) fn check_mint(info: &AccountInfo) -> Result<()> {
    check(info, &MINT)
}

#[inline(never)]
fn check(info: &AccountInfo, layout: &Layout) -> Result<()> {
    if !is_token_program(info.owner) {
        return Err(wrong_owner_error(info));
    }
    let data = info
        .try_borrow_data()
        .map_err(IntoProgramError::into_program_error)?;
    let whole = data.len() == layout.bytes || data.get(KIND_OFFSET) == Some(&layout.kind);
    if !whole {
        return Err(ProgramError::InvalidAccountData.into_program_error());
    }
    match data.get(layout.state_offset) {
        Some(0) | None => Err(ProgramError::UninitializedAccount.into_program_error()),
        Some(_) => Ok(()),
    }
}

/// The first fields of a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenView {
    pub mint: Pubkey,
    pub owner: Pubkey,
    /// Base units.
    pub amount: u64,
}

impl TokenView {
    /// Reads a token account of the given token program.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] if `account` is not a token account of `program`.
    pub fn of(account: &AccountInfo, program: &Pubkey) -> Result<Self> {
        if account.owner != program {
            return Err(MillraceError::WrongAccount.into_program_error());
        }
        Self::read(account)
    }

    #[inline(never)]
    pub(super) fn read(account: &AccountInfo) -> Result<Self> {
        let data = account
            .try_borrow_data()
            .map_err(IntoProgramError::into_program_error)?;
        let whole =
            data.len() == TOKEN_ACCOUNT.bytes || data.get(KIND_OFFSET) == Some(&TOKEN_ACCOUNT.kind);
        let read = || {
            Some(Self {
                mint: Pubkey::new_from_array(data.get(0..32)?.try_into().ok()?),
                owner: Pubkey::new_from_array(data.get(32..64)?.try_into().ok()?),
                amount: u64::from_le_bytes(data.get(64..72)?.try_into().ok()?),
            })
        };
        let found = if whole { read() } else { None };
        found.ok_or_else(|| MillraceError::WrongAccount.into_program_error())
    }

    /// # Errors
    /// [`MillraceError::WrongAccount`] unless the account is of this mint and has this owner.
    pub fn require(&self, mint: &Pubkey, owner: &Pubkey) -> Result<()> {
        if self.mint == *mint && self.owner == *owner {
            Ok(())
        } else {
            Err(MillraceError::WrongAccount.into_program_error())
        }
    }
}
