//! - Caller: any.
//! - Window: any time.
//! - Moves: all unclaimed earnings, from the earnings vault to a token account of the provider's cold
//!   key.

use crate::error::MillraceError;
use crate::events::{EarningsClaimed, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Provider;

#[event_cpi]
#[derive(Accounts)]
pub struct ClaimEarnings<'info> {
    #[account(mut, has_one = earnings_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    #[account(mut)]
    pub earnings_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of payments, which must be the vault's.
    #[account(address = earnings_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the provider's authority.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub fn claim_earnings(ctx: Context<ClaimEarnings>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (authority, bump, amount, claimed_after) = {
        let mut provider = accounts.provider.load_mut()?;
        let amount = money::sub(provider.earned, provider.claimed)?;
        require!(amount > 0, MillraceError::AmountZero);
        provider.claimed = provider.earned;
        provider.invariant()?;
        (provider.authority, provider.bump, amount, provider.claimed)
    };
    let destination = TokenView::of(accounts.destination.as_ref(), key(&accounts.token_program))?;
    destination.require(&accounts.payment_mint.key(), &authority)?;
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.payment_mint.as_ref(),
    };
    tokens.pay_from_provider(
        accounts.earnings_vault.as_ref(),
        accounts.destination.as_ref(),
        accounts.provider.as_ref(),
        &authority,
        bump,
        amount,
    )?;
    emit(
        &ctx.accounts.event_authority,
        &EarningsClaimed {
            provider: accounts.provider.key(),
            amount,
            claimed_after,
        },
    )?;
    Ok(())
}
