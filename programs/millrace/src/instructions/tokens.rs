//! Transfers of tokens into, out of and between vaults.

use crate::account::{AccountAccess, call};
use crate::constants::seeds;
use crate::error::MillraceError;
use crate::prelude::*;

/// `TransferChecked` of both token programs.
const TRANSFER_CHECKED: u8 = 12;
/// `CloseAccount` of both token programs.
const CLOSE_ACCOUNT: u8 = 9;
/// `Burn` of both token programs.
const BURN: u8 = 8;
/// Offset of the decimals in a mint.
const DECIMALS_OFFSET: usize = 44;

/// Transfers tokens of a mint with its token program.
pub(super) struct TokenTransfer<'a, 'info> {
    pub program: &'a Interface<'info, TokenInterface>,
    pub mint: &'a AccountInfo<'info>,
}

impl<'info> TokenTransfer<'_, 'info> {
    /// Transfers `amount`. `signer` has the seeds of the authority; it is empty if the authority has signed
    /// the transaction. The token program checks that both accounts are of the mint and that the authority
    /// owns `from`.
    pub(super) fn send(
        &self,
        from: &AccountInfo<'info>,
        to: &AccountInfo<'info>,
        authority: &AccountInfo<'info>,
        amount: u64,
        signer: &[&[u8]],
    ) -> Result<()> {
        let program = key(self.program);
        transfer(program, self.mint, from, to, authority, amount, signer)
    }

    /// Transfers `amount` into a vault, and checks that the vault received that amount.
    ///
    /// # Errors
    /// [`MillraceError::DepositAmountMismatch`].
    #[inline(never)]
    pub(super) fn deposit(
        &self,
        from: &AccountInfo<'info>,
        vault: &AccountInfo<'info>,
        authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<()> {
        let before = TokenView::of(vault, key(self.program))?.amount;
        self.send(from, vault, authority, amount, &[])?;
        let after = TokenView::of(vault, key(self.program))?.amount;
        let received = after.checked_sub(before) == Some(amount);
        require!(received, MillraceError::DepositAmountMismatch);
        Ok(())
    }

    /// Transfers from a client's escrow vault, whose authority is the client's account.
    pub(super) fn pay_from_escrow(
        &self,
        from: &AccountInfo<'info>,
        to: &AccountInfo<'info>,
        client: &AccountInfo<'info>,
        owner: &Pubkey,
        bump: u8,
        amount: u64,
    ) -> Result<()> {
        let signer: &[&[u8]] = &[seeds::CLIENT, owner.as_ref(), &[bump]];
        self.send(from, to, client, amount, signer)
    }

    /// Transfers from a provider's vault, whose authority is the provider's account.
    pub(super) fn pay_from_provider(
        &self,
        from: &AccountInfo<'info>,
        to: &AccountInfo<'info>,
        provider: &AccountInfo<'info>,
        authority: &Pubkey,
        bump: u8,
        amount: u64,
    ) -> Result<()> {
        let signer: &[&[u8]] = &[seeds::PROVIDER, authority.as_ref(), &[bump]];
        self.send(from, to, provider, amount, signer)
    }

    /// Burns tokens of a provider's vault, whose authority is the provider's account. The mint must be
    /// writable.
    pub(super) fn burn_from_provider(
        &self,
        vault: &AccountInfo<'info>,
        provider: &AccountInfo<'info>,
        authority: &Pubkey,
        bump: u8,
        amount: u64,
    ) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        let mut data = [BURN; 9];
        data[1..].copy_from_slice(&amount.to_le_bytes());
        let accounts = [
            (vault, AccountAccess::Write),
            (self.mint, AccountAccess::Write),
            (provider, AccountAccess::Sign),
        ];
        let signer: &[&[u8]] = &[seeds::PROVIDER, authority.as_ref(), &[bump]];
        call(key(self.program), &accounts, &data, signer)
    }

    /// Closes an empty vault; its rent goes to `to`.
    pub(super) fn close(
        &self,
        vault: &AccountInfo<'info>,
        to: &AccountInfo<'info>,
        authority: &AccountInfo<'info>,
        signer: &[&[u8]],
    ) -> Result<()> {
        let accounts = [
            (vault, AccountAccess::Write),
            (to, AccountAccess::Write),
            (authority, AccountAccess::Sign),
        ];
        call(key(self.program), &accounts, &[CLOSE_ACCOUNT], signer)
    }
}

#[inline(never)]
fn transfer<'info>(
    program: &Pubkey,
    mint: &AccountInfo<'info>,
    from: &AccountInfo<'info>,
    to: &AccountInfo<'info>,
    authority: &AccountInfo<'info>,
    amount: u64,
    signer: &[&[u8]],
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let decimals = mint
        .try_borrow_data()
        .map_err(IntoProgramError::into_program_error)?
        .get(DECIMALS_OFFSET)
        .copied();
    let Some(decimals) = decimals else {
        return err!(MillraceError::WrongAccount);
    };
    let mut data = [TRANSFER_CHECKED; 10];
    data[1..9].copy_from_slice(&amount.to_le_bytes());
    data[9] = decimals;
    let accounts = [
        (from, AccountAccess::Write),
        (mint, AccountAccess::Read),
        (to, AccountAccess::Write),
        (authority, AccountAccess::Sign),
    ];
    call(program, &accounts, &data, signer)
}
