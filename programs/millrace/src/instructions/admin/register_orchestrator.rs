//! - Caller: the network's authority.
//! - Window: any time, once for each key.
//! - Moves: the caller pays the rent of the orchestrator and its bond vault.

use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::{OrchestratorRegistered, emit};
use crate::prelude::*;
use crate::state::{Network, Orchestrator};

#[event_cpi]
#[derive(Accounts)]
#[instruction(key: Pubkey)]
pub struct RegisterOrchestrator<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(
        has_one = authority @ MillraceError::NotAuthorized,
        has_one = stake_mint @ MillraceError::WrongAccount,
    )]
    pub network: AccountLoader<'info, Network>,
    #[account(
        init,
        payer = authority,
        space = Orchestrator::SIZE,
        seeds = [seeds::ORCHESTRATOR, key.as_ref()],
        bump,
    )]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
    /// Mint of stake.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    #[account(
        init,
        payer = authority,
        seeds = [seeds::BOND, orchestrator.key().as_ref()],
        bump,
        token::mint = stake_mint,
        token::authority = orchestrator,
        token::token_program = token_program,
    )]
    pub bond_vault: InterfaceAccount<'info, TokenAccount>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

pub fn register_orchestrator(ctx: Context<RegisterOrchestrator>, key: Pubkey) -> Result<()> {
    let (payer, bond_vault) = (ctx.accounts.authority.key(), ctx.accounts.bond_vault.key());
    ctx.accounts.orchestrator.init(&Orchestrator {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.orchestrator,
        key,
        active: 1,
        registered_at: clock()?.unix_timestamp,
        retired_at: 0,
        bond_vault,
        bonded: 0,
        payer,
        reserved: [0; 21],
    })?;
    emit(
        &ctx.accounts.event_authority,
        &OrchestratorRegistered {
            orchestrator: ctx.accounts.orchestrator.key(),
            key,
        },
    )?;
    Ok(())
}
