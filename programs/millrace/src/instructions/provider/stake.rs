use crate::error::MillraceError;
use crate::events::{StakeDeposited, record};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Network, Provider};

/// Accounts of `stake`.
#[event_cpi]
#[derive(Accounts)]
pub struct Stake<'info> {
    /// Owner of the tokens; anyone may add to a provider's stake.
    pub funder: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The provider.
    #[account(mut, has_one = stake_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    /// Mint of stake.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// Where the tokens come from.
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    /// The provider's stake vault.
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
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

/// Moves tokens into the stake vault and books them.
pub fn stake(ctx: Context<Stake>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    accounts.validate(amount)?;
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.deposit(
        (accounts.source.as_ref(), accounts.stake_vault.as_ref()),
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
    record(
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
