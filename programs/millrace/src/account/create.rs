//! Creating and closing accounts.

use super::call::{AccountAccess, call};
use super::error::IntoProgramError;
use super::{InterfaceAccount, key};
use crate::error::MillraceError;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::program::get_return_data;
use anchor_lang::system_program;
use anchor_spl::token_interface::Mint;

/// Instruction numbers of the system program.
mod system {
    pub(super) const CREATE_ACCOUNT: u32 = 0;
    pub(super) const ASSIGN: u32 = 1;
    pub(super) const TRANSFER: u32 = 2;
    pub(super) const ALLOCATE: u32 = 8;
}

/// Instruction numbers of both token programs.
mod token {
    pub(super) const INITIALIZE_ACCOUNT_3: u8 = 18;
    pub(super) const GET_ACCOUNT_DATA_SIZE: u8 = 21;
}

/// Creates an account of this program at the address that `seeds` derive, and returns the bump. The
/// discriminator stays zero until [`super::AccountLoader::load_init`].
///
/// # Errors
/// Anchor's `ConstraintSeeds` if the address differs; the system program's if the account exists.
pub fn create<'a, 'info: 'a>(
    payer: &'a impl AsRef<AccountInfo<'info>>,
    account: &AccountInfo<'info>,
    space: usize,
    seeds: &[&[u8]],
) -> Result<u8> {
    let bump = canonical_bump(seeds, account.key)?;
    create_with_bump(payer.as_ref(), account, space, &crate::ID, seeds, bump)?;
    Ok(bump)
}

/// Creates an account of `owner` at the address that the seeds and the bump derive.
///
/// # Errors
/// The system program's if the account exists; the runtime's if the address differs.
#[inline(never)]
pub fn create_with_bump<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    space: usize,
    owner: &Pubkey,
    seeds: &[&[u8]],
    bump: u8,
) -> Result<()> {
    let bump_seed = [bump];
    let mut signer: [&[u8]; 5] = [&bump_seed; 5];
    let Some(place) = signer.get_mut(..seeds.len()) else {
        return Err(ErrorCode::ConstraintSeeds.into_program_error());
    };
    place.copy_from_slice(seeds);
    let signer = &signer[..=seeds.len()];

    let rent = rent_of(space)?;
    let system = &system_program::ID;
    let (space, owner) = ((space as u64).to_le_bytes(), owner.as_ref());
    let lamports = account.lamports();
    if lamports == 0 {
        let mut data = [0; 52];
        fill(
            &mut data,
            &[
                &system::CREATE_ACCOUNT.to_le_bytes(),
                &rent.to_le_bytes(),
                &space,
                owner,
            ],
        );
        let accounts = [
            (payer, AccountAccess::SignAndWrite),
            (account, AccountAccess::SignAndWrite),
        ];
        return call(system, &accounts, &data, signer);
    }
    // An address that someone has sent lamports to must not prevent the account from being created.
    if let Some(missing) = rent.checked_sub(lamports).filter(|missing| *missing > 0) {
        let mut data = [0; 12];
        fill(
            &mut data,
            &[&system::TRANSFER.to_le_bytes(), &missing.to_le_bytes()],
        );
        let accounts = [
            (payer, AccountAccess::SignAndWrite),
            (account, AccountAccess::Write),
        ];
        call(system, &accounts, &data, &[])?;
    }
    let accounts = [(account, AccountAccess::SignAndWrite)];
    let mut data = [0; 12];
    fill(&mut data, &[&system::ALLOCATE.to_le_bytes(), &space]);
    call(system, &accounts, &data, signer)?;
    let mut data = [0; 36];
    fill(&mut data, &[&system::ASSIGN.to_le_bytes(), owner]);
    call(system, &accounts, &data, signer)
}

/// The rent-exempt minimum of an account of `space` bytes, lamports.
///
/// The sysvar has a rate per byte and year, and a floating-point number of years that has only ever been
/// two (one, with the rate doubled, since SIMD-0194). Floating-point arithmetic for other numbers would be
/// six kilobytes of code.
fn rent_of(space: usize) -> Result<u64> {
    /// Bytes that an account takes in addition to its content.
    const OVERHEAD: u64 = 128;
    let rent = Rent::get().map_err(IntoProgramError::into_program_error)?;
    // A newer version of the library renames both fields.
    #[allow(deprecated)]
    let (rate, years) = (rent.lamports_per_byte_year, rent.exemption_threshold);
    let years = match years.to_bits() {
        ONE_YEAR => 1,
        TWO_YEARS => 2,
        _ => return Err(MillraceError::AmountOverflow.into_program_error()),
    };
    let bytes = OVERHEAD.saturating_add(space as u64);
    let per_byte = rate.checked_mul(years);
    let lamports = per_byte.and_then(|rate| rate.checked_mul(bytes));
    lamports.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())
}

// The two possible numbers of years, as the bits of floating-point numbers.
const ONE_YEAR: u64 = 1f64.to_bits();
const TWO_YEARS: u64 = 2f64.to_bits();

/// Creates a token account of the token program, with the mint and the authority, at the address that
/// `seeds` derive. Returns the bump.
///
/// # Errors
/// Those of [`create`], and the token program's.
pub fn create_vault<'a, 'info: 'a>(
    payer: &'a impl AsRef<AccountInfo<'info>>,
    account: &AccountInfo<'info>,
    mint: &'a InterfaceAccount<'info, Mint>,
    authority: &'a impl AsRef<AccountInfo<'info>>,
    program: &'a impl AsRef<AccountInfo<'info>>,
    seeds: &[&[u8]],
) -> Result<u8> {
    let (mint, authority, program) = (mint.as_ref(), key(authority), key(program));
    create_vault_of(payer.as_ref(), account, mint, authority, program, seeds)
}

#[inline(never)]
fn create_vault_of<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    mint: &AccountInfo<'info>,
    authority: &Pubkey,
    program: &Pubkey,
    seeds: &[&[u8]],
) -> Result<u8> {
    // The size depends on the mint's extensions.
    call(
        program,
        &[(mint, AccountAccess::Read)],
        &[token::GET_ACCOUNT_DATA_SIZE],
        &[],
    )?;
    let returned = get_return_data().map(|(_, data)| data);
    let size = returned.as_deref().and_then(|data| data.first_chunk());
    let Some(space) = size.map(|bytes| u64::from_le_bytes(*bytes) as usize) else {
        return Err(ProgramError::InvalidAccountData.into_program_error());
    };
    let bump = canonical_bump(seeds, account.key)?;
    create_with_bump(payer, account, space, program, seeds, bump)?;
    let mut data = [0; 33];
    fill(
        &mut data,
        &[&[token::INITIALIZE_ACCOUNT_3], authority.as_ref()],
    );
    let accounts = [(account, AccountAccess::Write), (mint, AccountAccess::Read)];
    call(program, &accounts, &data, &[])?;
    Ok(bump)
}

/// Writes `parts` one after the other into `data`.
fn fill(data: &mut [u8], parts: &[&[u8]]) {
    let mut rest = data;
    for part in parts {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
}

/// The canonical bump of `seeds`: the highest one with which they derive an address. That address must
/// be `address`.
///
/// The runtime's syscall for the search takes 1,500 compute units for each bump that is tried. Hashing
/// and testing whether the point is on the curve gives the same result for 300.
///
/// # Errors
/// Anchor's `ConstraintSeeds`.
#[inline(never)]
pub fn canonical_bump(seeds: &[&[u8]], address: &Pubkey) -> Result<u8> {
    match derive(seeds, address) {
        Some(bump) => Ok(bump),
        None => Err(ErrorCode::ConstraintSeeds.into_program_error()),
    }
}

#[cfg(target_os = "solana")]
#[allow(unsafe_code)]
fn derive(seeds: &[&[u8]], address: &Pubkey) -> Option<u8> {
    /// The runtime's number of the curve's Edwards form.
    const EDWARDS: u64 = 0;
    const MARKER: &[u8] = b"ProgramDerivedAddress";
    /// Four seeds, the bump, the program and the marker.
    const MAX_PARTS: usize = 7;
    let mut bump = [u8::MAX];
    loop {
        let mut parts: [&[u8]; MAX_PARTS] = [&[]; MAX_PARTS];
        parts.get_mut(..seeds.len())?.copy_from_slice(seeds);
        let tail = [&bump[..], crate::ID.as_ref(), MARKER];
        parts
            .get_mut(seeds.len()..seeds.len() + 3)?
            .copy_from_slice(&tail);
        let mut hash = [0u8; 32];
        // SAFETY: a slice is an address and a length, which is what the runtime reads, and the result
        // has the size that the runtime writes.
        let on_curve = unsafe {
            use solana_define_syscall::definitions::{sol_curve_validate_point, sol_sha256};
            let count = seeds.len() as u64 + 3;
            sol_sha256(parts.as_ptr().cast(), count, hash.as_mut_ptr());
            sol_curve_validate_point(EDWARDS, hash.as_ptr(), std::ptr::null_mut()) == 0
        };
        if !on_curve {
            return (hash == address.to_bytes()).then_some(bump[0]);
        }
        bump[0] = bump[0].checked_sub(1)?;
    }
}

#[cfg(not(target_os = "solana"))]
fn derive(seeds: &[&[u8]], address: &Pubkey) -> Option<u8> {
    let (found, bump) = Pubkey::find_program_address(seeds, &crate::ID);
    (found == *address).then_some(bump)
}

/// Closes an account: its lamports go to `to`, and the account to the system program.
///
/// # Errors
/// Anchor's `ConstraintClose` if both accounts are the same, because the lamports would be lost; its
/// `AccountNotMutable`.
#[inline(never)]
pub fn close(account: &AccountInfo, to: &AccountInfo) -> Result<()> {
    if account.key == to.key {
        return Err(ErrorCode::ConstraintClose.into_program_error());
    }
    // The runtime would refuse the write too, but its error does not name the cause.
    if !to.is_writable || !account.is_writable {
        return Err(ErrorCode::AccountNotMutable.into_program_error());
    }
    let sum = to.lamports().checked_add(account.lamports());
    let sum = sum.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
    **to.try_borrow_mut_lamports()
        .map_err(IntoProgramError::into_program_error)? = sum;
    **account
        .try_borrow_mut_lamports()
        .map_err(IntoProgramError::into_program_error)? = 0;
    account.assign(&system_program::ID);
    account
        .resize(0)
        .map_err(IntoProgramError::into_program_error)
}
