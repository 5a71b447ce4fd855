use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::{RewardsClaimed, record};
use crate::instructions::tokens::{Money, TokenView};
use crate::math::money;
use crate::state::{Provider, Rewards};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `claim_rewards`. Nobody signs: the tokens can go to the authority alone.
#[event_cpi]
#[derive(Accounts)]
pub struct ClaimRewards<'info> {
    /// The provider.
    #[account(mut)]
    pub provider: AccountLoader<'info, Provider>,
    /// The book of rewards.
    #[account(mut, has_one = vault @ MillraceError::WrongAccount)]
    pub rewards: Account<'info, Rewards>,
    /// The rewards' vault.
    #[account(mut)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake; the vault's.
    #[account(address = vault.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the provider's authority.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Moves the rewards that were banked for a provider.
pub fn claim_rewards(ctx: Context<ClaimRewards>) -> Result<()> {
    let accounts = &mut *ctx.accounts;
    let (authority, amount) = {
        let mut provider = accounts.provider.load_mut()?;
        (provider.authority, std::mem::take(&mut provider.reward_due))
    };
    require!(amount > 0, MillraceError::AmountZero);
    let destination = TokenView::of(accounts.destination.as_ref(), &accounts.token_program)?;
    destination.require(&accounts.stake_mint.key(), &authority)?;
    accounts.rewards.paid = money::add(accounts.rewards.paid, amount)?;
    accounts.rewards.invariant()?;
    let money = Money {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    let signer: &[&[u8]] = &[seeds::REWARDS, &[accounts.rewards.bump]];
    money.send(
        (accounts.vault.as_ref(), accounts.destination.as_ref()),
        accounts.rewards.as_ref(),
        amount,
        &[signer],
    )?;
    record(
        &ctx.accounts.event_authority,
        &RewardsClaimed {
            provider: ctx.accounts.provider.key(),
            amount,
            paid_after: ctx.accounts.rewards.paid,
        },
    )?;
    Ok(())
}
