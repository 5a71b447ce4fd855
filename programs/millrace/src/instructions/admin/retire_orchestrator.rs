use crate::error::MillraceError;
use crate::events::{OrchestratorRetired, record};
use crate::state::{Network, Orchestrator};
use anchor_lang::prelude::*;

/// Accounts of `retire_orchestrator`.
#[event_cpi]
#[derive(Accounts)]
pub struct RetireOrchestrator<'info> {
    /// The network's authority, or the orchestrator's own key.
    pub signer: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The orchestrator.
    #[account(mut)]
    pub orchestrator: Account<'info, Orchestrator>,
}

impl RetireOrchestrator<'_> {
    fn validate(&self) -> Result<()> {
        // signer
        let authority = self.network.load()?.authority;
        let may = [authority, self.orchestrator.key].contains(&self.signer.key());
        require!(may, MillraceError::NotAuthorized);

        // orchestrator
        require!(
            self.orchestrator.active,
            MillraceError::OrchestratorInactive
        );
        Ok(())
    }
}

/// Takes an orchestrator out of service: it assigns and attests nothing any more. What it began can be
/// cranked to its end by anyone.
pub fn retire_orchestrator(ctx: Context<RetireOrchestrator>) -> Result<()> {
    ctx.accounts.validate()?;
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.orchestrator.active = false;
    ctx.accounts.orchestrator.retired_at = now;
    record(
        &ctx.accounts.event_authority,
        &OrchestratorRetired {
            orchestrator: ctx.accounts.orchestrator.key(),
            key: ctx.accounts.orchestrator.key,
        },
    )?;
    Ok(())
}
