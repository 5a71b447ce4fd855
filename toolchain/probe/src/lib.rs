//! A program that does what the tool chain is most likely to compile incorrectly, and returns the
//! results. The tests compare them with the host's.
//!
//! Instruction data is one byte that selects the probe to run, and its operands, little endian.
//! The answer is the transaction's return data.

mod probes;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;
use solana_account_info::AccountInfo;
use solana_cpi::set_return_data;
use solana_program_error::{ProgramError, ProgramResult};
use solana_pubkey::Pubkey;

solana_program_entrypoint::entrypoint!(answer);

/// Runs the probe that the instruction names and answers with its result.
///
/// # Errors
/// `InvalidInstructionData` for an unknown probe or operands of the wrong size.
pub fn answer(_program: &Pubkey, _accounts: &[AccountInfo], data: &[u8]) -> ProgramResult {
    let (probe, operands) = data
        .split_first()
        .ok_or(ProgramError::InvalidInstructionData)?;
    let result = match probe {
        0 => probes::arithmetic(operands),
        1 => probes::sum(operands),
        2 => probes::nine_arguments(operands),
        3 => probes::standard_library(operands),
        4 => probes::quotient(operands),
        _ => None,
    };
    set_return_data(&result.ok_or(ProgramError::InvalidInstructionData)?);
    Ok(())
}
