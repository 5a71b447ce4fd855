use crate::constants::{ACCOUNT_VERSION, seeds};
use crate::error::MillraceError;
use crate::events::OrchestratorRegistered;
use crate::state::{Network, Orchestrator};
use anchor_lang::prelude::*;

/// Accounts of `register_orchestrator`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(key: Pubkey)]
pub struct RegisterOrchestrator<'info> {
    /// The network's authority; pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    /// The network.
    #[account(has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
    /// The orchestrator.
    #[account(
        init,
        payer = authority,
        space = Orchestrator::SIZE,
        seeds = [seeds::ORCHESTRATOR, key.as_ref()],
        bump,
    )]
    pub orchestrator: Account<'info, Orchestrator>,
    /// System program.
    pub system_program: Program<'info, System>,
}

/// Registers an orchestrator.
pub fn register_orchestrator(ctx: Context<RegisterOrchestrator>, key: Pubkey) -> Result<()> {
    ctx.accounts.orchestrator.set_inner(Orchestrator {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.orchestrator,
        key,
        active: true,
        registered_at: Clock::get()?.unix_timestamp,
        reserved: [0; 63],
    });
    emit_cpi!(OrchestratorRegistered {
        orchestrator: ctx.accounts.orchestrator.key(),
        key,
    });
    Ok(())
}
