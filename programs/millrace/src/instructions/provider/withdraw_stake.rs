use crate::error::MillraceError;
use crate::events::{StakeWithdrawn, record};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::Provider;

/// Accounts of `withdraw_stake`.
#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawStake<'info> {
    /// The provider's cold key.
    pub authority: Signer<'info>,
    /// The provider.
    #[account(
        mut,
        has_one = authority @ MillraceError::NotAuthorized,
        has_one = stake_vault @ MillraceError::WrongAccount,
    )]
    pub provider: AccountLoader<'info, Provider>,
    /// Its stake vault.
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake; the vault's.
    #[account(address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// A token account of the provider's authority.
    #[account(mut)]
    pub destination: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Takes out all stake that has finished unbonding.
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
        (accounts.stake_vault.as_ref(), accounts.destination.as_ref()),
        accounts.provider.as_ref(),
        (&authority, bump),
        amount,
    )?;
    record(
        &ctx.accounts.event_authority,
        &StakeWithdrawn {
            provider: accounts.provider.key(),
            amount,
            withdrawn_after,
        },
    )?;
    Ok(())
}
