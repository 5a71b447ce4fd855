//! Reads the ed25519 program's instruction that precedes the current one.
//!
//! The data of that instruction has a count and a padding byte, then for each signature seven little-endian
//! `u16`: offset and instruction of the signature, offset and instruction of the key, and offset, size and
//! instruction of the message. The instruction number `u16::MAX` means the same data. No other number is
//! accepted, so that a check cannot refer to bytes in another instruction (solana-ed25519-program 3.0,
//! `lib.rs`).

use crate::error::MillraceError;
use crate::prelude::*;
use anchor_lang::solana_program::instruction::Instruction;
use solana_instructions_sysvar::{load_current_index_checked, load_instruction_at_checked};

const ED25519_PROGRAM: Pubkey = pubkey!("Ed25519SigVerify111111111111111111111111111");
const HEADER_BYTES: usize = 2;
const OFFSETS_BYTES: usize = 14;
const KEY_BYTES: usize = 32;
const MESSAGE_BYTES: usize = 32;
const SAME_INSTRUCTION: u16 = u16::MAX;

/// The ed25519 instruction that precedes the current one.
pub(crate) struct CheckedSignatures(Instruction);

impl CheckedSignatures {
    /// # Errors
    /// [`MillraceError::SignatureCheckMissing`] unless the preceding instruction is the ed25519 program's
    /// and checks exactly `count` signatures.
    pub(crate) fn load(sysvar: &AccountInfo, count: usize) -> Result<Self> {
        let current = load_current_index_checked(sysvar)?;
        let before = current
            .checked_sub(1)
            .ok_or_else(|| MillraceError::SignatureCheckMissing.into_program_error())?;
        let instruction = load_instruction_at_checked(usize::from(before), sysvar)?;
        let ours = instruction.program_id == ED25519_PROGRAM
            && instruction.data.first().map(|n| usize::from(*n)) == Some(count);
        require!(ours, MillraceError::SignatureCheckMissing);
        Ok(Self(instruction))
    }

    /// # Errors
    /// [`MillraceError::SignatureMismatch`] unless the signature at index `at` is of `key` over `message`.
    pub(crate) fn require(&self, at: usize, key: &Pubkey, message: &[u8; 32]) -> Result<()> {
        let covered = self
            .pair(at)
            .is_some_and(|(k, m)| k == key.as_ref() && m == message);
        require!(covered, MillraceError::SignatureMismatch);
        Ok(())
    }

    fn pair(&self, at: usize) -> Option<(&[u8], &[u8])> {
        let data = self.0.data.as_slice();
        let start = at.checked_mul(OFFSETS_BYTES)?.checked_add(HEADER_BYTES)?;
        let offsets = data.get(start..)?.first_chunk::<OFFSETS_BYTES>()?;
        let mut fields = [0u16; 7];
        for (field, bytes) in fields.iter_mut().zip(offsets.chunks_exact(2)) {
            *field = u16::from_le_bytes(bytes.try_into().ok()?);
        }
        let [
            _,
            signature_in,
            key_at,
            key_in,
            message_at,
            size,
            message_in,
        ] = fields;
        let here = [signature_in, key_in, message_in]
            .iter()
            .all(|n| *n == SAME_INSTRUCTION);
        if !here || usize::from(size) != MESSAGE_BYTES {
            return None;
        }
        let slice = |at: u16, len: usize| data.get(usize::from(at)..)?.get(..len);
        Some((slice(key_at, KEY_BYTES)?, slice(message_at, MESSAGE_BYTES)?))
    }
}
