use crate::error::MillraceError;
use crate::events::{BondDeposited, record};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Orchestrator;

/// Accounts of `bond`.
#[event_cpi]
#[derive(Accounts)]
pub struct Bond<'info> {
    /// Owner of the tokens; anyone may add to an orchestrator's bond.
    pub funder: Signer<'info>,
    /// The orchestrator.
    #[account(mut, has_one = bond_vault @ MillraceError::WrongAccount)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// Mint of stake; the vault's.
    #[account(address = bond_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// Where the tokens come from.
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    /// The vault.
    #[account(mut)]
    pub bond_vault: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// Puts tokens into an orchestrator's bond.
pub fn bond(ctx: Context<Bond>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    require!(amount > 0, MillraceError::AmountZero);
    require!(
        accounts.orchestrator.load()?.is_active(),
        MillraceError::OrchestratorInactive
    );
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    tokens.deposit(
        (accounts.source.as_ref(), accounts.bond_vault.as_ref()),
        accounts.funder.as_ref(),
        amount,
    )?;
    let bonded_after = {
        let mut orchestrator = accounts.orchestrator.load_mut()?;
        orchestrator.bonded = money::add(orchestrator.bonded, amount)?;
        orchestrator.bonded
    };
    record(
        &ctx.accounts.event_authority,
        &BondDeposited {
            orchestrator: ctx.accounts.orchestrator.key(),
            amount,
            bonded_after,
        },
    )?;
    Ok(())
}
