use crate::error::MillraceError;
use crate::events::{RewardsFunded, record};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Rewards;

/// Accounts of `fund_rewards`.
#[event_cpi]
#[derive(Accounts)]
pub struct FundRewards<'info> {
    /// Owner of the tokens; anyone may.
    pub funder: Signer<'info>,
    /// The book.
    #[account(mut, has_one = vault @ MillraceError::WrongAccount)]
    pub rewards: AccountLoader<'info, Rewards>,
    /// Mint of stake; the vault's.
    #[account(address = vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// Where the tokens come from.
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    /// The vault.
    #[account(mut)]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Puts tokens into the rewards' vault, for good.
pub fn fund_rewards(ctx: Context<FundRewards>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    require!(amount > 0, MillraceError::AmountZero);
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.deposit(
        (accounts.source.as_ref(), accounts.vault.as_ref()),
        accounts.funder.as_ref(),
        amount,
    )?;
    let funded_after = {
        let mut rewards = accounts.rewards.load_mut()?;
        rewards.funded = money::add(rewards.funded, amount)?;
        rewards.invariant()?;
        rewards.funded
    };
    record(
        &ctx.accounts.event_authority,
        &RewardsFunded {
            amount,
            funded_after,
        },
    )?;
    Ok(())
}
