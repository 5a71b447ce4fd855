//! - Caller: any.
//! - Window: while the orchestrator is active.
//! - Moves: the amount, from the caller's token account to the orchestrator's bond vault.

use crate::error::MillraceError;
use crate::events::{BondDeposited, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Orchestrator;

#[event_cpi]
#[derive(Accounts)]
pub struct Bond<'info> {
    /// Owner of the tokens.
    pub funder: Signer<'info>,
    #[account(mut, has_one = bond_vault @ MillraceError::WrongAccount)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// Mint of stake, which must be the vault's.
    #[account(address = bond_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    #[account(mut)]
    pub source: InterfaceAccount<'info, TokenAccount>,
    #[account(mut)]
    pub bond_vault: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
}

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
        accounts.source.as_ref(),
        accounts.bond_vault.as_ref(),
        accounts.funder.as_ref(),
        amount,
    )?;
    let bonded_after = {
        let mut orchestrator = accounts.orchestrator.load_mut()?;
        orchestrator.bonded = money::add(orchestrator.bonded, amount)?;
        orchestrator.bonded
    };
    emit(
        &ctx.accounts.event_authority,
        &BondDeposited {
            orchestrator: ctx.accounts.orchestrator.key(),
            amount,
            bonded_after,
        },
    )?;
    Ok(())
}
