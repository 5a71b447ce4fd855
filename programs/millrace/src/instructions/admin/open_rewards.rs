//! - Caller: any, once.
//! - Window: any time.
//! - Moves: the caller pays the rent of the rewards account and its vault.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{RewardsOpened, emit};
use crate::prelude::*;
use crate::state::{Network, Rewards};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenRewards<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(has_one = stake_mint @ MillraceError::WrongAccount)]
    pub network: AccountLoader<'info, Network>,
    #[account(init, payer = payer, space = Rewards::SIZE, seeds = [seeds::REWARDS], bump)]
    pub rewards: AccountLoader<'info, Rewards>,
    /// Mint of stake, in which rewards are paid.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    #[account(
        init,
        payer = payer,
        seeds = [seeds::REWARDS_VAULT],
        bump,
        token::mint = stake_mint,
        token::authority = rewards,
        token::token_program = token_program,
    )]
    pub vault: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

pub fn open_rewards(ctx: Context<OpenRewards>) -> Result<()> {
    let vault = ctx.accounts.vault.key();
    ctx.accounts.rewards.init(&Rewards {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.rewards,
        vault,
        funded: 0,
        promised: 0,
        paid: 0,
        reserved: [0; 38],
    })?;
    emit(&ctx.accounts.event_authority, &RewardsOpened { vault })?;
    Ok(())
}
