//! Calls of other programs through the runtime's own interface. The usual interface copies the
//! instruction and every account twice, which costs some hundred compute units for each of the ten calls
//! of a job.

use super::error::IntoProgramError;
use anchor_lang::Result;
use anchor_lang::prelude::{AccountInfo, Pubkey};

/// What a called program may do with an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AccountAccess {
    Read,
    Write,
    /// Read the account, which signs the call.
    Sign,
    SignAndWrite,
}

impl AccountAccess {
    fn writes(self) -> bool {
        matches!(self, Self::Write | Self::SignAndWrite)
    }

    fn signs(self) -> bool {
        matches!(self, Self::Sign | Self::SignAndWrite)
    }
}

/// Maximum number of accounts of a call.
const MAX_ACCOUNTS: usize = 4;

/// Calls `program` with `accounts`. If `seeds` is not empty, the call is signed by the address that the
/// seeds derive.
///
/// # Errors
/// The runtime's if an account is borrowed. An error of the called program ends the transaction.
#[inline(never)]
pub fn call(
    program: &Pubkey,
    accounts: &[(&AccountInfo, AccountAccess)],
    data: &[u8],
    seeds: &[&[u8]],
) -> Result<()> {
    for (info, access) in accounts {
        // No reference may be held into an account that the called program changes.
        if access.writes() {
            drop((
                info.try_borrow_mut_data()
                    .map_err(IntoProgramError::into_program_error)?,
                info.try_borrow_mut_lamports()
                    .map_err(IntoProgramError::into_program_error)?,
            ));
        } else {
            drop((
                info.try_borrow_data()
                    .map_err(IntoProgramError::into_program_error)?,
                info.try_borrow_lamports()
                    .map_err(IntoProgramError::into_program_error)?,
            ));
        }
    }
    runtime::invoke(program, accounts, data, seeds)
}

/// The runtime's interface, `sol_invoke_signed_c`. The structures are `SolInstruction`,
/// `SolAccountMeta`, `SolAccountInfo`, `SolSignerSeed` and `SolSignerSeeds` of Agave's `sol/cpi.h`.
#[cfg(target_os = "solana")]
#[allow(unsafe_code)]
mod runtime {
    use super::{AccountAccess, MAX_ACCOUNTS};
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

    /// Maximum number of seeds of one of this program's addresses, including the bump.
    const MAX_SEEDS: usize = 5;

    pub(super) fn invoke(
        program: &Pubkey,
        accounts: &[(&AccountInfo, AccountAccess)],
        data: &[u8],
        seeds: &[&[u8]],
    ) -> Result<()> {
        if accounts.len() > MAX_ACCOUNTS || seeds.len() > MAX_SEEDS {
            return Err(MillraceError::InvariantBroken.into());
        }
        let mut metas = [const { MaybeUninit::<Meta>::uninit() }; MAX_ACCOUNTS];
        let mut infos = [const { MaybeUninit::<Info>::uninit() }; MAX_ACCOUNTS];
        let mut parts = [const { MaybeUninit::<Seed>::uninit() }; MAX_SEEDS];
        for (at, (info, access)) in accounts.iter().enumerate() {
            metas[at].write(Meta {
                key: info.key,
                is_writable: access.writes(),
                is_signer: access.signs(),
            });
            let (lamports, content) = (info.lamports.as_ptr(), info.data.as_ptr());
            // SAFETY: `call` has checked that neither is borrowed. The references are read here and not kept.
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
        // SAFETY: the structures have the layout that the runtime reads, and everything they point to
        // lives until the runtime returns. It returns only if the call succeeded.
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
            // SAFETY: the first `accounts.len()` elements were written above. The runtime has stored the
            // new length of the content, and the input has room for the content to grow.
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

/// Outside the chain there are no programs to call.
#[cfg(not(target_os = "solana"))]
mod runtime {
    use super::{AccountAccess, MAX_ACCOUNTS};
    use crate::account::IntoProgramError;
    use anchor_lang::Result;
    use anchor_lang::prelude::{AccountInfo, ProgramError, Pubkey};

    pub(super) fn invoke(
        _: &Pubkey,
        accounts: &[(&AccountInfo, AccountAccess)],
        _: &[u8],
        seeds: &[&[u8]],
    ) -> Result<()> {
        let signers = accounts.iter().filter(|(_, access)| access.signs()).count();
        debug_assert!(accounts.len() <= MAX_ACCOUNTS && (seeds.is_empty() || signers > 0));
        Err(ProgramError::IncorrectProgramId.into_program_error())
    }
}
