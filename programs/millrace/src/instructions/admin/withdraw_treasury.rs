use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{TreasuryWithdrawn, record};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Bucket, Network};

/// Accounts of `withdraw_treasury`.
#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawTreasury<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network, which owns the vaults.
    #[account(has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
    /// The bucket.
    pub bucket: AccountLoader<'info, Bucket>,
    /// One of its vaults.
    #[account(mut)]
    pub treasury: InterfaceAccount<'info, TokenAccount>,
    /// Its mint.
    #[account(address = treasury.load()?.mint @ MillraceError::WrongAccount)]
    pub mint: InterfaceAccount<'info, Mint>,
    /// Any token account of that mint.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl WithdrawTreasury<'_> {
    fn validate(&self, amount: u64) -> Result<()> {
        // treasury
        let bucket = self.bucket.load()?;
        let treasuries = [bucket.payment_treasury, bucket.stake_treasury];
        let known = treasuries.contains(&self.treasury.key());
        require!(known, MillraceError::WrongAccount);

        // amount
        require!(amount > 0, MillraceError::AmountZero);
        Ok(())
    }
}

/// Takes fees and penalties out of a treasury vault. Nothing else is ever in one.
pub fn withdraw_treasury(ctx: Context<WithdrawTreasury>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(amount)?;
    let bump = accounts.network.load()?.bump;
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.mint.as_ref(),
    };
    let signer: &[&[u8]] = &[seeds::NETWORK, &[bump]];
    tokens.send(
        (accounts.treasury.as_ref(), accounts.destination.as_ref()),
        accounts.network.as_ref(),
        amount,
        signer,
    )?;
    record(
        &ctx.accounts.event_authority,
        &TreasuryWithdrawn {
            treasury: accounts.treasury.key(),
            destination: accounts.destination.key(),
            amount,
        },
    )?;
    Ok(())
}
