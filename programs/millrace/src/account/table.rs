//! The rules for an instruction's accounts, and the function that checks accounts against them.

use super::error::IntoProgramError;
use super::kind::ProgramAccountType;
use anchor_lang::prelude::*;
use anchor_lang::system_program;

/// What an account must be.
pub enum AccountKind {
    /// Not checked here; the instruction checks the account.
    Any,
    /// Not checked here; the instruction creates the account.
    New,
    /// A signer of the transaction.
    Signer,
    /// An account of this program, of the given type.
    ProgramAccount(ProgramAccountType),
    /// A token account of either token program.
    Token,
    /// A mint of either token program.
    Mint,
    /// One of the two token programs.
    TokenProgram,
    /// The system program.
    SystemProgram,
}

/// The rule for one account of an instruction.
pub struct AccountRule {
    pub kind: AccountKind,
    /// The account must be writable.
    pub writable: bool,
    /// The account may be left out: the program's own address is in its place.
    pub optional: bool,
    /// No other account with this mark may have the same address.
    pub unique: bool,
}

/// Checks the first `N` accounts of `rest` against the rules, and removes them from `rest`.
///
/// # Errors
/// Anchor's code for the first account that breaks its rule.
pub fn check_accounts<'info, const N: usize>(
    rules: &[AccountRule; N],
    rest: &mut &'info [AccountInfo<'info>],
) -> Result<&'info [AccountInfo<'info>; N]> {
    let all = *rest;
    check_rules(rules, all)?;
    let Some((own, after)) = all.split_first_chunk() else {
        return Err(ErrorCode::AccountNotEnoughKeys.into_program_error());
    };
    *rest = after;
    Ok(own)
}

#[inline(never)]
fn check_rules(rules: &[AccountRule], infos: &[AccountInfo]) -> Result<()> {
    for (at, rule) in rules.iter().enumerate() {
        let Some(info) = infos.get(at) else {
            return Err(ErrorCode::AccountNotEnoughKeys.into_program_error());
        };
        if rule.optional && *info.key == crate::ID {
            continue;
        }
        rule.kind.check(info)?;
        if rule.writable && !info.is_writable {
            return Err(ErrorCode::ConstraintMut.into_program_error());
        }
        if rule.unique {
            let before = rules.iter().zip(infos).take(at);
            let mut unique = before.filter(|(rule, _)| rule.unique);
            if unique.any(|(_, other)| other.key == info.key) {
                return Err(ErrorCode::ConstraintDuplicateMutableAccount.into_program_error());
            }
        }
    }
    Ok(())
}

impl AccountKind {
    fn check(&self, info: &AccountInfo) -> Result<()> {
        match self {
            Self::Any | Self::New => Ok(()),
            Self::Signer if info.is_signer => Ok(()),
            Self::Signer => Err(ErrorCode::AccountNotSigner.into_program_error()),
            Self::ProgramAccount(account_type) => account_type.check(info),
            Self::Token => super::token::check_account(info),
            Self::Mint => super::token::check_mint(info),
            Self::TokenProgram => program(info, super::token::is_token_program(info.key)),
            Self::SystemProgram => program(info, *info.key == system_program::ID),
        }
    }
}

fn program(info: &AccountInfo, is_expected: bool) -> Result<()> {
    match (is_expected, info.executable) {
        (true, true) => Ok(()),
        (true, false) => Err(ErrorCode::InvalidProgramExecutable.into_program_error()),
        (false, _) => Err(ErrorCode::InvalidProgramId.into_program_error()),
    }
}

/// `None` if the account is left out.
pub fn optional_account<'info>(
    info: &'info AccountInfo<'info>,
) -> Option<&'info AccountInfo<'info>> {
    (*info.key != crate::ID).then_some(info)
}

/// # Errors
/// `error` unless both addresses are equal.
pub fn require_same_key(one: &Pubkey, other: &Pubkey, error: impl IntoProgramError) -> Result<()> {
    if one == other {
        Ok(())
    } else {
        Err(error.into_program_error())
    }
}

/// Reads the next argument of an instruction.
///
/// # Errors
/// Anchor's `InstructionDidNotDeserialize`.
pub fn deserialize_arg<T: AnchorDeserialize>(data: &mut &[u8]) -> Result<T> {
    T::deserialize(data).map_err(|error| {
        // The transaction ends here. Dropping the error would be more code than the rest of the function.
        std::mem::forget(error);
        ErrorCode::InstructionDidNotDeserialize.into_program_error()
    })
}
