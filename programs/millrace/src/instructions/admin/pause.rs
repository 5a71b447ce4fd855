//! Pausing stops new stakes, jobs and assignments. Refunds, settlements, claims and withdrawals never
//! look at it.

use crate::error::MillraceError;
use crate::events::{NetworkPaused, NetworkResumed, PauserChanged, record};
use crate::prelude::*;
use crate::state::Network;

/// Accounts of `pause` and `resume`.
#[event_cpi]
#[derive(Accounts)]
pub struct Pause<'info> {
    /// The network's pauser.
    pub pauser: Signer<'info>,
    /// The network.
    #[account(mut, has_one = pauser @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Stops new stakes, jobs and assignments.
pub fn pause(ctx: Context<Pause>) -> Result<()> {
    ctx.accounts.network.load_mut()?.paused = 1;
    record(
        &ctx.accounts.event_authority,
        &NetworkPaused {
            pauser: ctx.accounts.pauser.key(),
        },
    )?;
    Ok(())
}

/// Lets them go on.
pub fn resume(ctx: Context<Pause>) -> Result<()> {
    ctx.accounts.network.load_mut()?.paused = 0;
    record(
        &ctx.accounts.event_authority,
        &NetworkResumed {
            pauser: ctx.accounts.pauser.key(),
        },
    )?;
    Ok(())
}

/// Accounts of `set_pauser`.
#[event_cpi]
#[derive(Accounts)]
pub struct SetPauser<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Names another pauser.
pub fn set_pauser(ctx: Context<SetPauser>, pauser: Pubkey) -> Result<()> {
    let previous = {
        let mut network = ctx.accounts.network.load_mut()?;
        std::mem::replace(&mut network.pauser, pauser)
    };
    record(
        &ctx.accounts.event_authority,
        &PauserChanged { previous, pauser },
    )?;
    Ok(())
}
