use crate::error::MillraceError;
use crate::events::{ProviderUpdated, record};
use crate::prelude::*;
use crate::state::{Offer, Provider};

/// Accounts of `update_provider`.
#[event_cpi]
#[derive(Accounts)]
pub struct UpdateProvider<'info> {
    /// The provider's cold key.
    pub authority: Signer<'info>,
    /// The provider.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Changes what a provider offers. Seats that are taken keep their price.
pub fn update_provider(ctx: Context<UpdateProvider>, offer: Offer) -> Result<()> {
    offer.validate()?;
    {
        let mut provider = ctx.accounts.provider.load_mut()?;
        provider.set_offer(&offer);
        provider.invariant()?;
    }
    record(
        &ctx.accounts.event_authority,
        &ProviderUpdated {
            provider: ctx.accounts.provider.key(),
            offer,
        },
    )?;
    Ok(())
}
