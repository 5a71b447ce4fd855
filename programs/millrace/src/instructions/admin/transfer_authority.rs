//! The authority changes hands in two steps, so that it can't be lost to a key that nobody has.

use crate::error::MillraceError;
use crate::events::{AuthorityAccepted, AuthorityProposed, record};
use crate::prelude::*;
use crate::state::Network;

/// Accounts of `propose_authority`.
#[event_cpi]
#[derive(Accounts)]
pub struct ProposeAuthority<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Proposes another key; the default key takes a proposal back.
pub fn propose_authority(ctx: Context<ProposeAuthority>, proposed: Pubkey) -> Result<()> {
    ctx.accounts.network.load_mut()?.pending_authority = proposed;
    record(
        &ctx.accounts.event_authority,
        &AuthorityProposed {
            authority: ctx.accounts.authority.key(),
            proposed,
        },
    )?;
    Ok(())
}

/// Accounts of `accept_authority`.
#[event_cpi]
#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    /// The proposed key.
    pub pending_authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = pending_authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Makes the proposed key the authority.
pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
    let accepted = ctx.accounts.pending_authority.key();
    let previous = {
        let mut network = ctx.accounts.network.load_mut()?;
        network.pending_authority = Pubkey::default();
        std::mem::replace(&mut network.authority, accepted)
    };
    record(
        &ctx.accounts.event_authority,
        &AuthorityAccepted {
            previous,
            authority: accepted,
        },
    )?;
    Ok(())
}
