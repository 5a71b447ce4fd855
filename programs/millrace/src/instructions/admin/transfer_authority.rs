//! - Caller: `propose_authority`: the network's authority; `accept_authority`: the proposed key.
//! - Window: any time.
//! - Moves: nothing.
//!
//! The authority is transferred in two steps, so that it cannot be lost to a key that no one has.

use crate::error::MillraceError;
use crate::events::{AuthorityAccepted, AuthorityProposed, emit};
use crate::prelude::*;
use crate::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct ProposeAuthority<'info> {
    pub authority: Signer<'info>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// The default key withdraws a proposal.
pub fn propose_authority(ctx: Context<ProposeAuthority>, proposed: Pubkey) -> Result<()> {
    ctx.accounts.network.load_mut()?.pending_authority = proposed;
    emit(
        &ctx.accounts.event_authority,
        &AuthorityProposed {
            authority: ctx.accounts.authority.key(),
            proposed,
        },
    )?;
    Ok(())
}

#[event_cpi]
#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    /// The proposed key.
    pub pending_authority: Signer<'info>,
    #[account(mut, has_one = pending_authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
    let accepted = ctx.accounts.pending_authority.key();
    let previous = {
        let mut network = ctx.accounts.network.load_mut()?;
        network.pending_authority = Pubkey::default();
        std::mem::replace(&mut network.authority, accepted)
    };
    emit(
        &ctx.accounts.event_authority,
        &AuthorityAccepted {
            previous,
            authority: accepted,
        },
    )?;
    Ok(())
}
