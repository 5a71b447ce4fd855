//! - Caller: the provider's cold key.
//! - Window: any time.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{ProviderUpdated, emit};
use crate::prelude::*;
use crate::state::{Offer, Provider};

#[event_cpi]
#[derive(Accounts)]
pub struct UpdateProvider<'info> {
    pub authority: Signer<'info>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Seats already taken keep their price.
pub fn update_provider(ctx: Context<UpdateProvider>, offer: Offer) -> Result<()> {
    offer.validate()?;
    {
        let mut provider = ctx.accounts.provider.load_mut()?;
        provider.set_offer(&offer);
        provider.invariant()?;
    }
    emit(
        &ctx.accounts.event_authority,
        &ProviderUpdated {
            provider: ctx.accounts.provider.key(),
            offer,
        },
    )?;
    Ok(())
}
