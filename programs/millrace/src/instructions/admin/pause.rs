//! - Caller: `pause` and `resume`: the network's pauser; `set_pauser`: the network's authority.
//! - Window: any time.
//! - Moves: nothing.
//!
//! A pause stops new stakes, jobs and assignments. Refunds, settlements, claims and withdrawals ignore it.

use crate::error::MillraceError;
use crate::events::{NetworkPaused, NetworkResumed, PauserChanged, emit};
use crate::prelude::*;
use crate::state::Network;

/// Accounts of `pause` and `resume`.
#[event_cpi]
#[derive(Accounts)]
pub struct Pause<'info> {
    pub pauser: Signer<'info>,
    #[account(mut, has_one = pauser @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

pub fn pause(ctx: Context<Pause>) -> Result<()> {
    ctx.accounts.network.load_mut()?.paused = 1;
    emit(
        &ctx.accounts.event_authority,
        &NetworkPaused {
            pauser: ctx.accounts.pauser.key(),
        },
    )?;
    Ok(())
}

pub fn resume(ctx: Context<Pause>) -> Result<()> {
    ctx.accounts.network.load_mut()?.paused = 0;
    emit(
        &ctx.accounts.event_authority,
        &NetworkResumed {
            pauser: ctx.accounts.pauser.key(),
        },
    )?;
    Ok(())
}

#[event_cpi]
#[derive(Accounts)]
pub struct SetPauser<'info> {
    pub authority: Signer<'info>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

pub fn set_pauser(ctx: Context<SetPauser>, pauser: Pubkey) -> Result<()> {
    let previous = {
        let mut network = ctx.accounts.network.load_mut()?;
        std::mem::replace(&mut network.pauser, pauser)
    };
    emit(
        &ctx.accounts.event_authority,
        &PauserChanged { previous, pauser },
    )?;
    Ok(())
}
