//! The table of an instruction's accounts, and the one function that reads it.

use super::error::IntoProgramError;
use super::kind::Own;
use anchor_lang::prelude::*;
use anchor_lang::system_program;

/// What an account must be.
pub enum Kind {
    /// Anything; the instruction looks at it.
    Any,
    /// Anything; it is made by the instruction.
    New,
    /// A signer of the transaction.
    Signer,
    /// An account of this program.
    Own(Own),
    /// A token account of either token program.
    Token,
    /// A mint of either token program.
    Mint,
    /// A token program.
    TokenProgram,
    /// The system program.
    SystemProgram,
}

/// A line of the table.
pub struct Slot {
    /// What the account must be.
    pub kind: Kind,
    /// Whether it is written.
    pub writable: bool,
    /// Whether the program's own address may stand for none.
    pub optional: bool,
    /// Whether no other account of this mark may be the same.
    pub apart: bool,
}

/// Takes the accounts of a table off the list.
///
/// # Errors
/// Anchor's codes, of the first account that is not what the table says.
pub fn check<'info, const N: usize>(
    slots: &[Slot; N],
    rest: &mut &'info [AccountInfo<'info>],
) -> Result<&'info [AccountInfo<'info>; N]> {
    let all = *rest;
    check_all(slots, all)?;
    let Some((own, after)) = all.split_first_chunk() else {
        return Err(ErrorCode::AccountNotEnoughKeys.into_program_error());
    };
    *rest = after;
    Ok(own)
}

#[inline(never)]
fn check_all(slots: &[Slot], infos: &[AccountInfo]) -> Result<()> {
    for (at, slot) in slots.iter().enumerate() {
        let Some(info) = infos.get(at) else {
            return Err(ErrorCode::AccountNotEnoughKeys.into_program_error());
        };
        if slot.optional && *info.key == crate::ID {
            continue;
        }
        slot.kind.check(info)?;
        if slot.writable && !info.is_writable {
            return Err(ErrorCode::ConstraintMut.into_program_error());
        }
        if slot.apart {
            let before = slots.iter().zip(infos).take(at);
            let mut marked = before.filter(|(slot, _)| slot.apart);
            if marked.any(|(_, other)| other.key == info.key) {
                return Err(ErrorCode::ConstraintDuplicateMutableAccount.into_program_error());
            }
        }
    }
    Ok(())
}

impl Kind {
    fn check(&self, info: &AccountInfo) -> Result<()> {
        match self {
            Self::Any | Self::New => Ok(()),
            Self::Signer => match info.is_signer {
                true => Ok(()),
                false => Err(ErrorCode::AccountNotSigner.into_program_error()),
            },
            Self::Own(own) => own.check(info),
            Self::Token => super::token::check_account(info),
            Self::Mint => super::token::check_mint(info),
            Self::TokenProgram => program(info, super::token::is_token_program(info.key)),
            Self::SystemProgram => program(info, *info.key == system_program::ID),
        }
    }
}

fn program(info: &AccountInfo, wanted: bool) -> Result<()> {
    match (wanted, info.executable) {
        (true, true) => Ok(()),
        (true, false) => Err(ErrorCode::InvalidProgramExecutable.into_program_error()),
        (false, _) => Err(ErrorCode::InvalidProgramId.into_program_error()),
    }
}

/// An account that may be left out.
pub fn present<'info>(info: &'info AccountInfo<'info>) -> Option<&'info AccountInfo<'info>> {
    (*info.key != crate::ID).then_some(info)
}

/// # Errors
/// `error` unless both addresses are the same.
pub fn same(one: &Pubkey, other: &Pubkey, error: impl IntoProgramError) -> Result<()> {
    match one == other {
        true => Ok(()),
        false => Err(error.into_program_error()),
    }
}

/// Reads the next argument of an instruction.
///
/// # Errors
/// Anchor's `InstructionDidNotDeserialize`.
pub fn argument<T: AnchorDeserialize>(data: &mut &[u8]) -> Result<T> {
    T::deserialize(data).map_err(|error| {
        // The transaction ends here, and taking the error apart would be more code than all else.
        std::mem::forget(error);
        ErrorCode::InstructionDidNotDeserialize.into_program_error()
    })
}
