//! The program's entry point. Anchor's would compare the instruction with forty-two discriminators one
//! after the other, and log the text of an error.

use crate::account::{IntoProgramError, discriminator_number};
use crate::dispatch;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::{SUCCESS, deserialize};

anchor_lang::solana_program::entrypoint::custom_heap_default!();

/// Executes an instruction. Returns 0, or the code of an error.
///
/// # Safety
/// `input` must be the runtime's input of a program.
#[unsafe(no_mangle)]
unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: guaranteed by the caller. The input outlives this call, and nothing runs after it.
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
    const EVENT: u64 = discriminator_number(EVENT_IX_TAG_LE);
    match u64::from_le_bytes(*discriminator) {
        EVENT => event(accounts),
        discriminator => dispatch::call(discriminator, accounts, arguments),
    }
}

/// An event. Its data only has to be part of the transaction, and only this program can sign for it.
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
