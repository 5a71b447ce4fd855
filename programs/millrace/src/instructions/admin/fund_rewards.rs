//! - Caller: any.
//! - Window: any time.
//! - Moves: the amount, from the caller's token account to the rewards vault.

use crate::error::MillraceError;
use crate::events::{RewardsFunded, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Rewards;

#[event_cpi]
#[derive(Accounts)]
pub struct FundRewards<'info> {
    /// Owner of the tokens.
    pub funder: Signer<'info>,
    #[account(mut, has_one = vault @ MillraceError::WrongAccount)]
    pub rewards: AccountLoader<'info, Rewards>,
    /// Mint of stake, which must be the vault's.
    #[account(address = vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    #[account(mut)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

/// A deposit cannot be withdrawn.
pub fn fund_rewards(ctx: Context<FundRewards>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    require!(amount > 0, MillraceError::AmountZero);
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.deposit(
        accounts.source.as_ref(),
        accounts.vault.as_ref(),
        accounts.funder.as_ref(),
        amount,
    )?;
    let funded_after = {
        let mut rewards = accounts.rewards.load_mut()?;
        rewards.funded = money::add(rewards.funded, amount)?;
        rewards.invariant()?;
        rewards.funded
    };
    emit(
        &ctx.accounts.event_authority,
        &RewardsFunded {
            amount,
            funded_after,
        },
    )?;
    Ok(())
}
