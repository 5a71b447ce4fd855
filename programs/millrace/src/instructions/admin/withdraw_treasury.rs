//! - Caller: the network's authority.
//! - Window: any time.
//! - Moves: the amount, from a bucket's treasury vault to any token account.

use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{TreasuryWithdrawn, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Bucket, Network};

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawTreasury<'info> {
    pub authority: Signer<'info>,
    /// The network, which is the authority of the vaults.
    #[account(has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
    #[account(has_one = treasury @ MillraceError::WrongAccount)]
    pub bucket: AccountLoader<'info, Bucket>,
    /// The treasury vault of the bucket.
    #[account(mut)]
    pub treasury: InterfaceAccount<'info, TokenAccount>,
    /// The vault's mint.
    #[account(address = treasury.load()?.mint @ MillraceError::WrongAccount)]
    pub mint: InterfaceAccount<'info, Mint>,
    /// Any token account of the mint.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub fn withdraw_treasury(ctx: Context<WithdrawTreasury>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    require!(amount > 0, MillraceError::AmountZero);
    let bump = accounts.network.load()?.bump;
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.mint.as_ref(),
    };
    let signer: &[&[u8]] = &[seeds::NETWORK, &[bump]];
    tokens.send(
        accounts.treasury.as_ref(),
        accounts.destination.as_ref(),
        accounts.network.as_ref(),
        amount,
        signer,
    )?;
    emit(
        &ctx.accounts.event_authority,
        &TreasuryWithdrawn {
            treasury: accounts.treasury.key(),
            destination: accounts.destination.key(),
            amount,
        },
    )?;
    Ok(())
}
