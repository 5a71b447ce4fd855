//! - Caller: the network's authority, or the orchestrator's key.
//! - Window: while the orchestrator is active.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{OrchestratorRetired, emit};
use crate::prelude::*;
use crate::state::{Network, Orchestrator};

#[event_cpi]
#[derive(Accounts)]
pub struct RetireOrchestrator<'info> {
    /// The network's authority, or the orchestrator's key.
    pub signer: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub orchestrator: AccountLoader<'info, Orchestrator>,
}

impl RetireOrchestrator<'_> {
    fn validate(&self) -> Result<()> {
        // signer
        let authority = self.network.load()?.authority;
        let orchestrator = self.orchestrator.load()?;
        let allowed = [authority, orchestrator.key].contains(&self.signer.key());
        require!(allowed, MillraceError::NotAuthorized);

        // orchestrator
        require!(
            orchestrator.is_active(),
            MillraceError::OrchestratorInactive
        );
        Ok(())
    }
}

/// A retired orchestrator can no longer assign seats or attest deliveries. Any caller can crank the jobs
/// that it started to their end.
pub fn retire_orchestrator(ctx: Context<RetireOrchestrator>) -> Result<()> {
    ctx.accounts.validate()?;
    let now = clock()?.unix_timestamp;
    let key = {
        let mut orchestrator = ctx.accounts.orchestrator.load_mut()?;
        orchestrator.active = 0;
        orchestrator.retired_at = now;
        orchestrator.key
    };
    emit(
        &ctx.accounts.event_authority,
        &OrchestratorRetired {
            orchestrator: ctx.accounts.orchestrator.key(),
            key,
        },
    )?;
    Ok(())
}
