//! - Caller: any.
//! - Window: any time.
//! - Moves: all banked rewards, from the rewards vault to a token account of the provider's cold key.

use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{RewardsClaimed, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Provider, Rewards};

#[event_cpi]
#[derive(Accounts)]
pub struct ClaimRewards<'info> {
    #[account(mut)]
    pub provider: AccountLoader<'info, Provider>,
    #[account(mut, has_one = vault @ MillraceError::WrongAccount)]
    pub rewards: AccountLoader<'info, Rewards>,
    /// The rewards vault.
    #[account(mut)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake, which must be the vault's.
    #[account(address = vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the provider's authority.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

pub fn claim_rewards(ctx: Context<ClaimRewards>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (authority, amount) = {
        let mut provider = accounts.provider.load_mut()?;
        (provider.authority, std::mem::take(&mut provider.reward_due))
    };
    require!(amount > 0, MillraceError::AmountZero);
    let destination = TokenView::of(accounts.destination.as_ref(), key(&accounts.token_program))?;
    destination.require(&accounts.stake_mint.key(), &authority)?;
    let (bump, paid_after) = {
        let mut rewards = accounts.rewards.load_mut()?;
        rewards.paid = money::add(rewards.paid, amount)?;
        rewards.invariant()?;
        (rewards.bump, rewards.paid)
    };
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    let signer: &[&[u8]] = &[seeds::REWARDS, &[bump]];
    tokens.send(
        accounts.vault.as_ref(),
        accounts.destination.as_ref(),
        accounts.rewards.as_ref(),
        amount,
        signer,
    )?;
    emit(
        &ctx.accounts.event_authority,
        &RewardsClaimed {
            provider: ctx.accounts.provider.key(),
            amount,
            paid_after,
        },
    )?;
    Ok(())
}
