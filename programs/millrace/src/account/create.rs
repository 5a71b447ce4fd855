//! Making and closing accounts.

use super::call::{Role, call};
use super::error::IntoProgramError;
use super::table::same;
use super::{InterfaceAccount, TokenView, key};
use crate::error::MillraceError;
use anchor_lang::prelude::*;
use anchor_lang::solana_program::program::get_return_data;
use anchor_lang::system_program;
use anchor_spl::token_interface::Mint;

/// Numbers of the system program's instructions.
mod system {
    pub const CREATE_ACCOUNT: u32 = 0;
    pub const ASSIGN: u32 = 1;
    pub const TRANSFER: u32 = 2;
    pub const ALLOCATE: u32 = 8;
}

/// Numbers of both token programs' instructions.
mod token {
    pub const INITIALIZE_ACCOUNT_3: u8 = 18;
    pub const GET_ACCOUNT_DATA_SIZE: u8 = 21;
}

/// Makes an account of this program at the address that `seeds` derive; its first bytes stay zero
/// until it is loaded. Returns the bump.
///
/// # Errors
/// Anchor's `ConstraintSeeds` for another address; the system program's where it exists already.
pub fn create<'a, 'info: 'a>(
    payer: &'a impl AsRef<AccountInfo<'info>>,
    account: &AccountInfo<'info>,
    space: usize,
    seeds: &[&[u8]],
) -> Result<u8> {
    let bump = canonical_bump(seeds, account.key)?;
    create_with_bump(payer.as_ref(), account, (space, &crate::ID), (seeds, bump))?;
    Ok(bump)
}

/// Makes an account of `owner` at the address that the seeds and the bump derive.
///
/// # Errors
/// The system program's where it exists already; the runtime's for another address.
#[inline(never)]
pub fn create_with_bump<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    (space, owner): (usize, &Pubkey),
    (seeds, bump): (&[&[u8]], u8),
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
        let accounts = [(payer, Role::SignAndWrite), (account, Role::SignAndWrite)];
        return call(system, &accounts, &data, signer);
    }
    // Whoever sends lamports there first must not be able to keep it from being made.
    if let Some(missing) = rent.checked_sub(lamports).filter(|missing| *missing > 0) {
        let mut data = [0; 12];
        fill(
            &mut data,
            &[&system::TRANSFER.to_le_bytes(), &missing.to_le_bytes()],
        );
        let accounts = [(payer, Role::SignAndWrite), (account, Role::Write)];
        call(system, &accounts, &data, &[])?;
    }
    let accounts = [(account, Role::SignAndWrite)];
    let mut data = [0; 12];
    fill(&mut data, &[&system::ALLOCATE.to_le_bytes(), &space]);
    call(system, &accounts, &data, signer)?;
    let mut data = [0; 36];
    fill(&mut data, &[&system::ASSIGN.to_le_bytes(), owner]);
    call(system, &accounts, &data, signer)
}

/// What keeps an account of `space` bytes alive, lamports.
///
/// The rate is for a byte and a year, and the years are a floating-point number that has never been
/// other than two (one, with the rate doubled, since SIMD-0194). Arithmetic for any other number would
/// be six kilobytes of code.
fn rent_of(space: usize) -> Result<u64> {
    /// Bytes that an account takes besides its content.
    const OVERHEAD: u64 = 128;
    let rent = Rent::get().map_err(IntoProgramError::into_program_error)?;
    // A newer version of the library has other names for both.
    #[allow(deprecated)]
    let (rate, years) = (rent.lamports_per_byte_year, rent.exemption_threshold);
    let years = match years.to_bits() {
        ONE_YEAR => 1,
        TWO_YEARS => 2,
        _ => return Err(MillraceError::AmountOverflow.into_program_error()),
    };
    let bytes = OVERHEAD.saturating_add(space as u64);
    let lamports = rate.checked_mul(years * bytes);
    lamports.ok_or_else(|| MillraceError::AmountOverflow.into_program_error())
}

/// The two numbers of years, as the bits of floating-point numbers.
const ONE_YEAR: u64 = 1f64.to_bits();
const TWO_YEARS: u64 = 2f64.to_bits();

/// Mint, authority and token program of a token account.
type Parties<'a, 'info, A, P> = (&'a InterfaceAccount<'info, Mint>, &'a A, &'a P);

/// Makes a token account at the address that `seeds` derive: of the mint, with the authority, by the
/// token program. Returns the bump.
///
/// # Errors
/// As [`create`], and the token program's.
pub fn create_vault<'a, 'info: 'a>(
    payer: &'a impl AsRef<AccountInfo<'info>>,
    account: &AccountInfo<'info>,
    (mint, authority, program): Parties<
        'a,
        'info,
        impl AsRef<AccountInfo<'info>>,
        impl AsRef<AccountInfo<'info>>,
    >,
    seeds: &[&[u8]],
) -> Result<u8> {
    let parties = (mint.as_ref(), key(authority), key(program));
    create_vault_of(payer.as_ref(), account, parties, seeds)
}

#[inline(never)]
fn create_vault_of<'info>(
    payer: &AccountInfo<'info>,
    account: &AccountInfo<'info>,
    (mint, authority, program): (&AccountInfo<'info>, &Pubkey, &Pubkey),
    seeds: &[&[u8]],
) -> Result<u8> {
    // The program knows what its extensions of a mint need in an account.
    call(
        program,
        &[(mint, Role::Read)],
        &[token::GET_ACCOUNT_DATA_SIZE],
        &[],
    )?;
    let answer = get_return_data().map(|(_, answer)| answer);
    let answer = answer.as_deref().and_then(|answer| answer.first_chunk());
    let Some(space) = answer.map(|bytes| u64::from_le_bytes(*bytes) as usize) else {
        return Err(ProgramError::InvalidAccountData.into_program_error());
    };
    let bump = canonical_bump(seeds, account.key)?;
    create_with_bump(payer, account, (space, program), (seeds, bump))?;
    let mut data = [0; 33];
    fill(
        &mut data,
        &[&[token::INITIALIZE_ACCOUNT_3], authority.as_ref()],
    );
    let accounts = [(account, Role::Write), (mint, Role::Read)];
    call(program, &accounts, &data, &[])?;
    Ok(bump)
}

/// Whether an account of an `init_if_needed` is there.
pub fn is_made(account: &AccountInfo) -> bool {
    *account.owner != system_program::ID
}

/// The bump of a token account that is there, and is as [`create_vault`] would make it.
///
/// # Errors
/// Anchor's `ConstraintSeeds`, `ConstraintTokenTokenProgram`, `ConstraintTokenMint` and
/// `ConstraintTokenOwner`.
pub fn require_vault<'a, 'info: 'a>(
    account: &AccountInfo<'info>,
    (mint, authority, program): Parties<
        'a,
        'info,
        impl AsRef<AccountInfo<'info>>,
        impl AsRef<AccountInfo<'info>>,
    >,
    seeds: &[&[u8]],
) -> Result<u8> {
    let bump = canonical_bump(seeds, account.key)?;
    if account.owner != key(program) {
        return Err(ErrorCode::ConstraintTokenTokenProgram.into_program_error());
    }
    let found = TokenView::of(account, account.owner)?;
    same(&found.mint, key(mint), ErrorCode::ConstraintTokenMint)?;
    same(
        &found.owner,
        key(authority),
        ErrorCode::ConstraintTokenOwner,
    )?;
    Ok(bump)
}

/// Puts `parts` one behind the other.
fn fill(data: &mut [u8], parts: &[&[u8]]) {
    let mut rest = data;
    for part in parts {
        let (place, after) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    }
}

/// The highest bump with which `seeds` derive an address, where that address is `address`.
///
/// Hashing and asking whether a point is on the curve is what deriving does, but a search by the
/// syscall for it takes 1,500 compute units for each bump tried, and this 300.
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
    /// Edwards' form of the curve, by its number at the runtime.
    const EDWARDS: u64 = 0;
    const MARKER: &[u8] = b"ProgramDerivedAddress";
    /// Most slices: four seeds, the bump, the program and the marker.
    const MOST: usize = 7;
    let mut bump = [u8::MAX];
    loop {
        let mut parts: [&[u8]; MOST] = [&[]; MOST];
        parts.get_mut(..seeds.len())?.copy_from_slice(seeds);
        let tail = [&bump[..], crate::ID.as_ref(), MARKER];
        parts
            .get_mut(seeds.len()..seeds.len() + 3)?
            .copy_from_slice(&tail);
        let mut hash = [0u8; 32];
        // SAFETY: a slice is an address and a length, as the runtime reads it, and the result is of
        // the size that it writes.
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

/// Gives an account's lamports to `to` and the account itself back to the system.
///
/// # Errors
/// Anchor's `ConstraintClose` where both are the same: the lamports would be gone; its
/// `AccountNotMutable`.
#[inline(never)]
pub fn close(account: &AccountInfo, to: &AccountInfo) -> Result<()> {
    if account.key == to.key {
        return Err(ErrorCode::ConstraintClose.into_program_error());
    }
    // The runtime would refuse it too, with an error that says less.
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
