use crate::error::MillraceError;
use crate::events::{OrchestratorRetired, record};
use crate::prelude::*;
use crate::state::{Network, Orchestrator};

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
    pub orchestrator: AccountLoader<'info, Orchestrator>,
}

impl RetireOrchestrator<'_> {
    fn validate(&self) -> Result<()> {
        // signer
        let authority = self.network.load()?.authority;
        let orchestrator = self.orchestrator.load()?;
        let may = [authority, orchestrator.key].contains(&self.signer.key());
        require!(may, MillraceError::NotAuthorized);

        // orchestrator
        require!(
            orchestrator.is_active(),
            MillraceError::OrchestratorInactive
        );
        Ok(())
    }
}

/// Takes an orchestrator out of service: it assigns and attests nothing any more. What it began can be
/// cranked to its end by anyone.
pub fn retire_orchestrator(ctx: Context<RetireOrchestrator>) -> Result<()> {
    ctx.accounts.validate()?;
    let now = clock()?.unix_timestamp;
    let key = {
        let mut orchestrator = ctx.accounts.orchestrator.load_mut()?;
        orchestrator.active = 0;
        orchestrator.retired_at = now;
        orchestrator.key
    };
    record(
        &ctx.accounts.event_authority,
        &OrchestratorRetired {
            orchestrator: ctx.accounts.orchestrator.key(),
            key,
        },
    )?;
    Ok(())
}
