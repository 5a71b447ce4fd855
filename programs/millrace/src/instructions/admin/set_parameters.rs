//! - Caller: the network's authority.
//! - Window: any time.
//! - Moves: nothing.

use crate::error::MillraceError;
use crate::events::{ParametersSet, emit};
use crate::prelude::*;
use crate::state::{Network, NetworkParameters};

#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters<'info> {
    pub authority: Signer<'info>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Posted jobs keep their terms.
pub fn set_parameters(ctx: Context<SetParameters>, parameters: NetworkParameters) -> Result<()> {
    {
        let mut network = ctx.accounts.network.load_mut()?;
        parameters.validate(network.has_single_mint())?;
        network.set_parameters(&parameters);
    }
    emit(&ctx.accounts.event_authority, &ParametersSet { parameters })?;
    Ok(())
}
