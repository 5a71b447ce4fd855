//! Which mints a network may have. A mint of Token-2022 brings extensions; those that could take, hold
//! back, hide or change what the books say is there are refused by name, and unknown ones too.

use crate::account::is_token_program;
use crate::error::MillraceError;
use crate::prelude::*;

/// Bytes of a mint without extensions.
const MINT: usize = 82;
/// Where extensions begin: behind the size of a token account and the kind of the account.
const EXTENSIONS: usize = 166;

/// # Errors
/// [`MillraceError::MintNotSupported`] for an account that is no initialized mint of a token program,
/// and one named for each extension that is not allowed.
pub fn validate_mint(mint: &AccountInfo) -> Result<()> {
    let owned = is_token_program(mint.owner);
    require!(owned, MillraceError::MintNotSupported);
    let data = mint.try_borrow_data()?;
    extensions(&data)
}

fn extensions(data: &[u8]) -> Result<()> {
    /// Where a mint says that it is initialized.
    const INITIALIZED: usize = 45;
    let whole = data.len() == MINT || data.len() > EXTENSIONS;
    let initialized = whole && data[INITIALIZED] == 1;
    require!(initialized, MillraceError::MintNotSupported);
    let mut rest = data.get(EXTENSIONS..).unwrap_or_default();
    // Kind and length of two bytes each, then so many bytes. What is left at the end is zeros.
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

/// The numbers are those of `ExtensionType` (spl-token-2022-interface).
fn allow(kind: u16) -> Result<()> {
    use MillraceError as E;
    let error = match kind {
        // Names, pictures and groups change nothing about balances.
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
        let mut data = vec![0; MINT];
        data[45] = 1;
        if !extensions.is_empty() {
            data.resize(EXTENSIONS, 0);
            data[EXTENSIONS - 1] = 1;
        }
        for (kind, length) in extensions {
            data.extend(kind.to_le_bytes());
            data.extend((*length as u16).to_le_bytes());
            data.extend(vec![0xff; *length]);
        }
        data
    }

    #[test]
    fn extensions_are_found_one_behind_the_other() {
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
