//! Shared by all builders.

use crate::pda::PROGRAM;
use anchor_lang::{InstructionData, ToAccountMetas};
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

pub(super) const INSTRUCTIONS_SYSVAR: Pubkey =
    pubkey!("Sysvar1nstructions1111111111111111111111111");
pub(super) const SLOT_HASHES: Pubkey = millrace_program::math::slot_hashes::SLOT_HASHES;

pub(super) fn build(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction {
        program_id: PROGRAM,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

/// Adds writable accounts after those that the instruction names.
pub(super) fn with_writable(
    mut instruction: Instruction,
    keys: impl IntoIterator<Item = Pubkey>,
) -> Instruction {
    let metas = keys.into_iter().map(|key| AccountMeta::new(key, false));
    instruction.accounts.extend(metas);
    instruction
}
