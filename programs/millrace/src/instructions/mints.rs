//! Checks of a network's mints. Token-2022 extensions that can take, block, hide or change balances are
//! refused by name, and unknown extensions too.

use crate::account::is_token_program;
use crate::error::MillraceError;
use crate::prelude::*;

/// Wrapped SOL of the Token program.
const NATIVE_MINT: Pubkey = Pubkey::from_str_const("So11111111111111111111111111111111111111112");
/// Wrapped SOL of Token-2022.
const NATIVE_MINT_2022: Pubkey =
    Pubkey::from_str_const("9pan9bMn5HatX4EJdBwg9VgCa7Uz5HL8N1m5D3NdXej9");
/// Length of a mint without extensions.
const MINT_BYTES: usize = 82;
/// Offset of the extensions: after the bytes of a token account and the kind of the account.
const EXTENSIONS_OFFSET: usize = 166;

/// # Errors
/// [`MillraceError::MintNotSupported`] for an account that is not an initialized mint of a token program,
/// and an error of its own for each extension that is not allowed.
pub(super) fn validate_mint(mint: &AccountInfo) -> Result<()> {
    let owned = is_token_program(mint.owner);
    require!(owned, MillraceError::MintNotSupported);
    let data = mint.try_borrow_data()?;
    extensions(&data)
}

/// # Errors
/// [`MillraceError::StakeMintIsNative`] for wrapped SOL of either token program, which cannot be burnt: no
/// penalty could be executed, and no shard with one settled.
pub(super) fn validate_burnable(mint: &Pubkey) -> Result<()> {
    let native = [NATIVE_MINT, NATIVE_MINT_2022].contains(mint);
    require!(!native, MillraceError::StakeMintIsNative);
    Ok(())
}

fn extensions(data: &[u8]) -> Result<()> {
    /// Offset of the flag that a mint is initialized.
    const INITIALIZED_OFFSET: usize = 45;
    let whole = data.len() == MINT_BYTES || data.len() > EXTENSIONS_OFFSET;
    let initialized = whole && data[INITIALIZED_OFFSET] == 1;
    require!(initialized, MillraceError::MintNotSupported);
    let mut rest = data.get(EXTENSIONS_OFFSET..).unwrap_or_default();
    // Each extension has a kind and a length of two bytes each, then its content. Zeros may follow the last.
    while let [a, b, c, d, tail @ ..] = rest {
        let (kind, length) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
        if kind == 0 {
            break;
        }
        allow(kind)?;
        rest = tail.get(usize::from(length)..).unwrap_or_default();
    }
    Ok(())
}

/// Numbers of `ExtensionType` in spl-token-2022-interface.
fn allow(kind: u16) -> Result<()> {
    use MillraceError as E;
    let error = match kind {
        // Metadata and groups do not affect balances.
        18..=23 => return Ok(()),
        1 => E::MintHasTransferFee,
        3 => E::MintHasCloseAuthority,
        4 | 16 | 24 => E::MintIsConfidential,
        6 => E::MintHasDefaultState,
        9 => E::MintIsNonTransferable,
        10 => E::MintIsInterestBearing,
        12 => E::MintHasPermanentDelegate,
        14 => E::MintHasTransferHook,
        25 => E::MintHasScaledAmounts,
        26 => E::MintIsPausable,
        28 => E::MintHasPermissionedBurn,
        _ => E::MintExtensionUnknown,
    };
    Err(error.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mint(extensions: &[(u16, usize)]) -> Vec<u8> {
        let mut data = vec![0; MINT_BYTES];
        data[45] = 1;
        if !extensions.is_empty() {
            data.resize(EXTENSIONS_OFFSET, 0);
            data[EXTENSIONS_OFFSET - 1] = 1;
        }
        for (kind, length) in extensions {
            data.extend(kind.to_le_bytes());
            data.extend((*length as u16).to_le_bytes());
            data.extend(vec![0xff; *length]);
        }
        data
    }

    #[test]
    fn every_extension_of_a_mint_is_checked() {
        extensions(&mint(&[])).unwrap();
        extensions(&mint(&[(18, 64), (19, 200)])).unwrap();
        let hook = extensions(&mint(&[(18, 64), (14, 64)])).unwrap_err();
        assert_eq!(hook, MillraceError::MintHasTransferHook.into());
        for kind in (0..40u16).filter(|kind| !(18..=23).contains(kind) && *kind != 0) {
            assert!(extensions(&mint(&[(kind, 8)])).is_err(), "{kind}");
        }
        assert!(extensions(&mint(&[])[..80]).is_err());
    }
}
