//! Transfers of tokens out of vaults and into them.

use crate::constants::seeds;
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{
    Mint, TokenAccount, TokenInterface, TransferChecked, transfer_checked,
};

/// A transfer between two token accounts of one mint.
pub struct Transfer<'a, 'info> {
    /// The token program.
    pub program: &'a Interface<'info, TokenInterface>,
    /// The mint of both accounts.
    pub mint: &'a InterfaceAccount<'info, Mint>,
    /// Where the tokens come from.
    pub from: AccountInfo<'info>,
    /// Where they go.
    pub to: AccountInfo<'info>,
    /// Who may move them.
    pub authority: AccountInfo<'info>,
}

impl Transfer<'_, '_> {
    /// Moves `amount`, signed by the transaction or by the seeds of the authority.
    pub fn send(self, amount: u64, signer: &[&[&[u8]]]) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        let accounts = TransferChecked {
            from: self.from,
            mint: self.mint.to_account_info(),
            to: self.to,
            authority: self.authority,
        };
        let context = CpiContext::new_with_signer(self.program.key(), accounts, signer);
        transfer_checked(context, amount, self.mint.decimals)
    }
}

/// Moves tokens out of a client's escrow vault, whose authority is the client's account.
pub fn from_escrow<'info>(
    transfer: Transfer<'_, 'info>,
    owner: &Pubkey,
    bump: u8,
    amount: u64,
) -> Result<()> {
    transfer.send(amount, &[&[seeds::CLIENT, owner.as_ref(), &[bump]]])
}

/// Moves tokens out of a provider's vault, whose authority is the provider's account.
pub fn from_provider<'info>(
    transfer: Transfer<'_, 'info>,
    authority: &Pubkey,
    bump: u8,
    amount: u64,
) -> Result<()> {
    transfer.send(amount, &[&[seeds::PROVIDER, authority.as_ref(), &[bump]]])
}

/// Whether `account` is a token account of `mint` that belongs to `owner`.
pub fn belongs_to(account: &TokenAccount, mint: &Pubkey, owner: &Pubkey) -> bool {
    account.mint == *mint && account.owner == *owner
}
