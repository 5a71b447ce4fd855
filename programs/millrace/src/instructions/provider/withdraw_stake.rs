//! - Caller: the provider's cold key.
//! - Window: from `unbonding_until`.
//! - Moves: all unbonded stake, from the stake vault to a token account of the cold key.

use crate::error::MillraceError;
use crate::events::{StakeWithdrawn, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::Provider;

#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawStake<'info> {
    pub authority: Signer<'info>,
    #[account(
        mut,
        has_one = authority @ MillraceError::NotAuthorized,
        has_one = stake_vault @ MillraceError::WrongAccount,
    )]
    pub provider: AccountLoader<'info, Provider>,
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake, which must be the vault's.
    #[account(address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the provider's authority.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub fn withdraw_stake(ctx: Context<WithdrawStake>) -> Result<()> {
    let accounts = &ctx.accounts;
    let authority = accounts.authority.key();
    let destination = TokenView::of(accounts.destination.as_ref(), key(&accounts.token_program))?;
    destination.require(&accounts.stake_mint.key(), &authority)?;
    let (amount, bump, withdrawn_after) = {
        let mut provider = accounts.provider.load_mut()?;
        let amount = provider.withdraw(clock()?.unix_timestamp)?;
        provider.invariant()?;
        (amount, provider.bump, provider.withdrawn)
    };
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.pay_from_provider(
        accounts.stake_vault.as_ref(),
        accounts.destination.as_ref(),
        accounts.provider.as_ref(),
        &authority,
        bump,
        amount,
    )?;
    emit(
        &ctx.accounts.event_authority,
        &StakeWithdrawn {
            provider: accounts.provider.key(),
            amount,
            withdrawn_after,
        },
    )?;
    Ok(())
}
