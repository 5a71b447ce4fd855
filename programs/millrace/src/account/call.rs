//! Calling other programs. The runtime's own interface, because the usual one copies the instruction
//! and every account twice: some hundred compute units for each of the ten calls of a job.

use super::error::IntoProgramError;
use anchor_lang::Result;
use anchor_lang::prelude::{AccountInfo, Pubkey};

/// What a called program may do with an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Read it.
    Read,
    /// Write it.
    Write,
    /// Read it, and rely on its signature.
    Sign,
    /// Both.
    SignAndWrite,
}

impl Role {
    fn writes(self) -> bool {
        matches!(self, Self::Write | Self::SignAndWrite)
    }

    fn signs(self) -> bool {
        matches!(self, Self::Sign | Self::SignAndWrite)
    }
}

/// Most accounts of a call.
const MOST: usize = 4;

/// Calls `program` with `accounts`, signing for the address that `seeds` derive unless there are none.
///
/// # Errors
/// The runtime's, where an account is borrowed. What the called program refuses ends the transaction.
#[inline(never)]
pub fn call(
    program: &Pubkey,
    accounts: &[(&AccountInfo, Role)],
    data: &[u8],
    seeds: &[&[u8]],
) -> Result<()> {
    for (info, role) in accounts {
        // Who reads or writes an account while another program does would see it torn.
        match role.writes() {
            true => drop((
                info.try_borrow_mut_data()
                    .map_err(IntoProgramError::into_program_error)?,
                info.try_borrow_mut_lamports()
                    .map_err(IntoProgramError::into_program_error)?,
            )),
            false => drop((
                info.try_borrow_data()
                    .map_err(IntoProgramError::into_program_error)?,
                info.try_borrow_lamports()
                    .map_err(IntoProgramError::into_program_error)?,
            )),
        }
    }
    runtime::invoke(program, accounts, data, seeds)
}

/// The runtime's interface (`sol_invoke_signed_c`; its structures are those of `SolInstruction`,
/// `SolAccountInfo` and so on in Agave's `sol/cpi.h`).
#[cfg(target_os = "solana")]
#[allow(unsafe_code)]
mod runtime {
    use super::{MOST, Role};
    use crate::error::MillraceError;
    use anchor_lang::Result;
    use anchor_lang::prelude::{AccountInfo, Pubkey};
    use std::mem::MaybeUninit;

    #[repr(C)]
    struct Instruction {
        program: *const Pubkey,
        metas: *const Meta,
        metas_len: u64,
        data: *const u8,
        data_len: u64,
    }

    #[repr(C)]
    struct Meta {
        key: *const Pubkey,
        is_writable: bool,
        is_signer: bool,
    }

    #[repr(C)]
    struct Info {
        key: *const Pubkey,
        lamports: *const u64,
        data_len: u64,
        data: *mut u8,
        owner: *const Pubkey,
        rent_epoch: u64,
        is_signer: bool,
        is_writable: bool,
        executable: bool,
    }

    #[repr(C)]
    struct Seed {
        bytes: *const u8,
        len: u64,
    }

    #[repr(C)]
    struct Signer {
        seeds: *const Seed,
        len: u64,
    }

    /// Most seeds of an address of this program, its bump among them.
    const SEEDS: usize = 5;

    pub fn invoke(
        program: &Pubkey,
        accounts: &[(&AccountInfo, Role)],
        data: &[u8],
        seeds: &[&[u8]],
    ) -> Result<()> {
        if accounts.len() > MOST || seeds.len() > SEEDS {
            return Err(MillraceError::InvariantBroken.into());
        }
        let mut metas = [const { MaybeUninit::<Meta>::uninit() }; MOST];
        let mut infos = [const { MaybeUninit::<Info>::uninit() }; MOST];
        let mut parts = [const { MaybeUninit::<Seed>::uninit() }; SEEDS];
        for (at, (info, role)) in accounts.iter().enumerate() {
            metas[at].write(Meta {
                key: info.key,
                is_writable: role.writes(),
                is_signer: role.signs(),
            });
            let (lamports, content) = (info.lamports.as_ptr(), info.data.as_ptr());
            // SAFETY: `call` has seen that nobody borrows either; they are read and not kept.
            let (lamports, content) = unsafe { (&**lamports, &mut **content) };
            infos[at].write(Info {
                key: info.key,
                lamports,
                data_len: content.len() as u64,
                data: content.as_mut_ptr(),
                owner: info.owner,
                rent_epoch: 0,
                is_signer: info.is_signer,
                is_writable: info.is_writable,
                executable: info.executable,
            });
        }
        for (at, seed) in seeds.iter().enumerate() {
            parts[at].write(Seed {
                bytes: seed.as_ptr(),
                len: seed.len() as u64,
            });
        }
        let instruction = Instruction {
            program,
            metas: metas.as_ptr().cast(),
            metas_len: accounts.len() as u64,
            data: data.as_ptr(),
            data_len: data.len() as u64,
        };
        let signer = Signer {
            seeds: parts.as_ptr().cast(),
            len: seeds.len() as u64,
        };
        let signers = u64::from(!seeds.is_empty());
        // SAFETY: the structures are laid out as the runtime reads them, and all that they point to
        // lives until it returns. It returns only where the call succeeded.
        unsafe {
            solana_define_syscall::definitions::sol_invoke_signed_c(
                (&raw const instruction).cast(),
                infos.as_ptr().cast(),
                accounts.len() as u64,
                (&raw const signer).cast(),
                signers,
            );
        }
        for (at, (info, _)) in accounts.iter().enumerate() {
            // SAFETY: the first `accounts.len()` were written above. The runtime has stored the length
            // that the content has now, for which there is room behind it in the input.
            unsafe {
                let after = infos[at].assume_init_ref();
                let content = &mut *info.data.as_ptr();
                if content.len() as u64 != after.data_len {
                    *content = std::slice::from_raw_parts_mut(after.data, after.data_len as usize);
                }
            }
        }
        Ok(())
    }
}

/// Outside the chain there is nobody to call.
#[cfg(not(target_os = "solana"))]
mod runtime {
    use super::{MOST, Role};
    use crate::account::IntoProgramError;
    use anchor_lang::Result;
    use anchor_lang::prelude::{AccountInfo, ProgramError, Pubkey};

    pub fn invoke(
        _: &Pubkey,
        accounts: &[(&AccountInfo, Role)],
        _: &[u8],
        seeds: &[&[u8]],
    ) -> Result<()> {
        let signers = accounts.iter().filter(|(_, role)| role.signs()).count();
        debug_assert!(accounts.len() <= MOST && (seeds.is_empty() || signers > 0));
        Err(ProgramError::IncorrectProgramId.into_program_error())
    }
}
