//! Instructions of the loader, and those of the system program that make its accounts.

use super::state::{BUFFER_HEADER_BYTES, PROGRAM_ACCOUNT_BYTES};
use super::{BufferAddress, LOADER, program_data};
use crate::pda::SYSTEM_PROGRAM;
use solana_sdk::instruction::{AccountMeta, Instruction};
use solana_sdk::pubkey;
use solana_sdk::pubkey::Pubkey;

const RENT: Pubkey = pubkey!("SysvarRent111111111111111111111111111111111");
const CLOCK: Pubkey = pubkey!("SysvarC1ock11111111111111111111111111111111");

/// An instruction of a native program: its number, then its fields.
fn native(
    program: Pubkey,
    number: u32,
    fields: &[&[u8]],
    accounts: Vec<AccountMeta>,
) -> Instruction {
    let mut data = number.to_le_bytes().to_vec();
    data.extend(fields.concat());
    Instruction {
        program_id: program,
        accounts,
        data,
    }
}

fn signer(key: &Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(*key, true)
}

fn writable(key: &Pubkey) -> AccountMeta {
    AccountMeta::new(*key, false)
}

fn readable(key: &Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(*key, false)
}

fn transfer(from: &Pubkey, to: &Pubkey, lamports: u64) -> Instruction {
    let accounts = vec![AccountMeta::new(*from, true), writable(to)];
    native(SYSTEM_PROGRAM, 2, &[&lamports.to_le_bytes()], accounts)
}

/// Makes a buffer for `length` bytes, whose authority is the wallet that pays for it.
///
/// Anybody may send lamports to an address that can be foreseen, and the system program's own way of
/// making an account refuses one that has some. So it is made in steps.
pub fn create_buffer(
    wallet: &Pubkey,
    place: &BufferAddress,
    length: usize,
    rent: u64,
) -> [Instruction; 3] {
    let space = (BUFFER_HEADER_BYTES + length) as u64;
    let fields: [&[u8]; 5] = [
        wallet.as_ref(),
        &(place.seed.len() as u64).to_le_bytes(),
        place.seed.as_bytes(),
        &space.to_le_bytes(),
        LOADER.as_ref(),
    ];
    let accounts = vec![writable(&place.address), signer(wallet)];
    [
        transfer(wallet, &place.address, rent),
        // `AllocateWithSeed`, which also gives the account to the loader.
        native(SYSTEM_PROGRAM, 9, &fields, accounts),
        native(
            LOADER,
            0,
            &[],
            vec![writable(&place.address), readable(wallet)],
        ),
    ]
}

/// Writes bytes into a buffer.
pub fn write(buffer: &Pubkey, authority: &Pubkey, offset: u32, bytes: &[u8]) -> Instruction {
    let fields: [&[u8]; 3] = [
        &offset.to_le_bytes(),
        &(bytes.len() as u64).to_le_bytes(),
        bytes,
    ];
    native(
        LOADER,
        1,
        &fields,
        vec![writable(buffer), signer(authority)],
    )
}

/// Makes the program out of a buffer, with room for `max_len` bytes. The wallet pays, gets what is in
/// the buffer, and becomes the upgrade authority; the program's key signs.
pub fn deploy(
    wallet: &Pubkey,
    program: &Pubkey,
    buffer: &Pubkey,
    rent: u64,
    max_len: usize,
) -> Vec<Instruction> {
    let new = || vec![AccountMeta::new(*program, true)];
    let space = (PROGRAM_ACCOUNT_BYTES as u64).to_le_bytes();
    let accounts = vec![
        AccountMeta::new(*wallet, true),
        writable(&program_data(program)),
        writable(program),
        writable(buffer),
        readable(&RENT),
        readable(&CLOCK),
        readable(&SYSTEM_PROGRAM),
        signer(wallet),
    ];
    vec![
        transfer(wallet, program, rent),
        // `Allocate` and `Assign`: see `create_buffer`.
        native(SYSTEM_PROGRAM, 8, &[&space], new()),
        native(SYSTEM_PROGRAM, 1, &[LOADER.as_ref()], new()),
        native(LOADER, 2, &[&(max_len as u64).to_le_bytes()], accounts),
    ]
}

/// Puts the bytes of a buffer into the program. What the buffer has beyond the program's rent goes to
/// `spill`.
pub fn upgrade(
    program: &Pubkey,
    buffer: &Pubkey,
    authority: &Pubkey,
    spill: &Pubkey,
) -> Instruction {
    let accounts = vec![
        writable(&program_data(program)),
        writable(program),
        writable(buffer),
        writable(spill),
        readable(&RENT),
        readable(&CLOCK),
        signer(authority),
    ];
    native(LOADER, 3, &[], accounts)
}

/// Gives the program more room. Anybody may, who pays for it.
pub fn extend(program: &Pubkey, payer: &Pubkey, more: u32) -> Instruction {
    let accounts = vec![
        writable(&program_data(program)),
        writable(program),
        readable(&SYSTEM_PROGRAM),
        AccountMeta::new(*payer, true),
    ];
    native(LOADER, 6, &[&more.to_le_bytes()], accounts)
}

/// Hands a buffer, or the account of a program's bytes, to another authority, which does not sign; to
/// nobody where there is none, for good.
pub fn set_authority(account: &Pubkey, authority: &Pubkey, new: Option<&Pubkey>) -> Instruction {
    let mut accounts = vec![writable(account), signer(authority)];
    accounts.extend(new.map(readable));
    native(LOADER, 4, &[], accounts)
}

/// Hands a buffer, or the account of a program's bytes, to another authority, which signs too.
pub fn set_authority_checked(account: &Pubkey, authority: &Pubkey, new: &Pubkey) -> Instruction {
    let accounts = vec![writable(account), signer(authority), signer(new)];
    native(LOADER, 7, &[], accounts)
}

/// Closes a buffer; its lamports go to `recipient`.
pub fn close_buffer(buffer: &Pubkey, recipient: &Pubkey, authority: &Pubkey) -> Instruction {
    let accounts = vec![writable(buffer), writable(recipient), signer(authority)];
    native(LOADER, 5, &[], accounts)
}
