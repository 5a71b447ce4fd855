//! Associated token accounts.

use crate::pda::TOKEN_PROGRAM;
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Creates the associated token account of `owner` for an SPL Token mint, unless it exists.
pub fn create_token_account(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> Instruction {
    create_token_account_of(payer, owner, mint, &TOKEN_PROGRAM)
}

/// Creates the associated token account of `owner` for a mint of the given token program, unless it
/// exists.
pub fn create_token_account_of(
    payer: &Pubkey,
    owner: &Pubkey,
    mint: &Pubkey,
    token_program: &Pubkey,
) -> Instruction {
    spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent(
        payer,
        owner,
        mint,
        token_program,
    )
}
