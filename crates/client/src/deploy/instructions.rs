//! Instructions that create buffers and programs, and the loader's other instructions.
//!
//! The loader's own `create_buffer` and `deploy_with_max_program_len` create an account with the system
//! program's `CreateAccount`, which fails if the address has lamports already. Anyone can send lamports to
//! an address that can be predicted, so accounts are created in steps here: transfer, allocate, assign.

use super::LOADER;
use super::buffer::BufferAddress;
use crate::error::ChainError;
use solana_loader_v3_interface::instruction::{
    UpgradeableLoaderInstruction, deploy_with_max_program_len,
};
use solana_loader_v3_interface::state::UpgradeableLoaderState;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey::Pubkey;
use solana_sdk::transaction::TransactionError;
use solana_system_interface::instruction::{allocate, allocate_with_seed, assign, transfer};

pub use solana_loader_v3_interface::instruction::{
    close, extend_program, set_buffer_authority, set_upgrade_authority,
    set_upgrade_authority_checked, upgrade, write,
};

/// Creates a buffer for `length` bytes of a program. The wallet pays `rent` lamports and is the buffer's
/// authority.
pub fn create_buffer(
    wallet: &Pubkey,
    buffer: &BufferAddress,
    length: usize,
    rent: u64,
) -> [Instruction; 3] {
    let BufferAddress { address, seed } = buffer;
    let space = UpgradeableLoaderState::size_of_buffer(length) as u64;
    [
        transfer(wallet, address, rent),
        // Also assigns the account to the loader.
        allocate_with_seed(address, wallet, seed, space, &LOADER),
        Instruction::new_with_bincode(
            LOADER,
            &UpgradeableLoaderInstruction::InitializeBuffer,
            vec![
                AccountMeta::new(*address, false),
                AccountMeta::new_readonly(*wallet, false),
            ],
        ),
    ]
}

/// Creates the program from a buffer, with room for `max_len` bytes. The wallet pays `rent` lamports for
/// the program's own account, receives the buffer's lamports, and becomes the upgrade authority. The
/// program's key signs too.
///
/// # Errors
/// Errors of the loader's own function, which has none today.
pub fn deploy(
    wallet: &Pubkey,
    program: &Pubkey,
    buffer: &Pubkey,
    rent: u64,
    max_len: usize,
) -> Result<Vec<Instruction>, ChainError> {
    let created = deploy_with_max_program_len(wallet, program, buffer, wallet, rent, max_len);
    let created = created.map_err(|error| {
        let error = TransactionError::InstructionError(0, error);
        ChainError::from_transaction(error, Vec::new())
    })?;
    let space = UpgradeableLoaderState::size_of_program() as u64;
    let mut instructions = vec![
        transfer(wallet, program, rent),
        allocate(program, space),
        assign(program, &LOADER),
    ];
    // The first one is `CreateAccount`.
    instructions.extend(created.into_iter().skip(1));
    Ok(instructions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn accounts_that_have_lamports_can_still_be_created() {
        let [wallet, program] = [1, 2].map(|byte| Pubkey::new_from_array([byte; 32]));
        let buffer = BufferAddress::of(&wallet, &program, &[7; 32]);
        let deploy = deploy(&wallet, &program, &buffer.address, 1, 100).unwrap();
        assert_eq!(deploy.len(), 4);
        assert_eq!(deploy[3].program_id, LOADER);
        let create = create_buffer(&wallet, &buffer, 100, 1);
        // `CreateAccount` and `CreateAccountWithSeed` are numbers 0 and 3 of the system program.
        for instruction in create.iter().chain(&deploy) {
            let is_system = instruction.program_id == crate::pda::SYSTEM_PROGRAM;
            assert!(!is_system || ![0, 3].contains(&instruction.data[0]));
        }
        let signers = deploy.iter().flat_map(|one| &one.accounts);
        assert!(
            signers
                .filter(|meta| meta.is_signer)
                .all(|meta| { meta.pubkey == wallet || meta.pubkey == program })
        );
    }
}
