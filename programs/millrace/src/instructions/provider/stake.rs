//! - Caller: any.
//! - Window: any time while the network is not paused.
//! - Moves: the amount, from the caller's token account to the provider's stake vault.

use crate::error::MillraceError;
use crate::events::{StakeDeposited, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Network, Provider};

#[event_cpi]
#[derive(Accounts)]
pub struct Stake<'info> {
    /// Owner of the tokens.
    pub funder: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut, has_one = stake_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    /// Mint of stake.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl Stake<'_> {
    fn validate(&self, amount: u64) -> Result<()> {
        // network: CANNOT take new stake while paused
        let network = self.network.load()?;
        network.require_running()?;

        // stake mint
        require_keys_eq!(
            self.stake_mint.key(),
            network.stake_mint,
            MillraceError::WrongAccount
        );

        // amount
        require!(amount > 0, MillraceError::AmountZero);
        let stake = self.provider.load()?.active.saturating_add(amount);
        require!(stake >= network.min_stake, MillraceError::StakeBelowMinimum);
        Ok(())
    }
}

pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(amount)?;
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.deposit(
        accounts.source.as_ref(),
        accounts.stake_vault.as_ref(),
        accounts.funder.as_ref(),
        amount,
    )?;
    let (before, after) = {
        let mut provider = accounts.provider.load_mut()?;
        let before = provider.active;
        provider.deposit(amount)?;
        provider.invariant()?;
        (before, provider.active)
    };
    emit(
        &ctx.accounts.event_authority,
        &StakeDeposited {
            provider: accounts.provider.key(),
            amount,
            active_before: before,
            active_after: after,
        },
    )?;
    Ok(())
}
