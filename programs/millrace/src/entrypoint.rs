//! Where a call of the program begins.
//!
//! Anchor's would compare the instruction with forty-two names, one after the other, and write the
//! words of an error into the log.

use crate::account::{IntoProgramError, tag};
use crate::dispatch;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::{SUCCESS, deserialize};

anchor_lang::solana_program::entrypoint::custom_heap_default!();

/// Carries out an instruction; returns 0, or the number of an error.
///
/// # Safety
/// `input` is what the runtime hands a program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: the caller's promise. The input outlives the call, which is all that happens here.
    let (_, accounts, data): (_, Vec<AccountInfo<'static>>, _) = unsafe { deserialize(input) };
    match call(Vec::leak(accounts), data) {
        Ok(()) => SUCCESS,
        Err(error) => u64::from(ProgramError::from(error)),
    }
}

fn call(accounts: &'static [AccountInfo<'static>], data: &[u8]) -> Result<()> {
    let Some((discriminator, arguments)) = data.split_first_chunk::<8>() else {
        return Err(ErrorCode::InstructionFallbackNotFound.into_program_error());
    };
    const EVENT: u64 = tag(EVENT_IX_TAG_LE);
    match u64::from_le_bytes(*discriminator) {
        EVENT => event(accounts),
        tag => dispatch::call(tag, accounts, arguments),
    }
}

/// An event, which is only there to be in the transaction: nobody but the program itself may write one.
fn event(accounts: &[AccountInfo]) -> Result<()> {
    match accounts.first() {
        None => Err(ProgramError::NotEnoughAccountKeys.into_program_error()),
        Some(authority) if !authority.is_signer => {
            Err(ErrorCode::ConstraintSigner.into_program_error())
        }
        Some(authority) if *authority.key != crate::EVENT_AUTHORITY_AND_BUMP.0 => {
            Err(ErrorCode::ConstraintSeeds.into_program_error())
        }
        Some(_) => Ok(()),
    }
}
