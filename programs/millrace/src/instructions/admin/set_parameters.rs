use crate::error::MillraceError;
use crate::events::{ParametersSet, record};
use crate::prelude::*;
use crate::state::{Network, NetworkParameters};

/// Accounts of `set_parameters`.
#[event_cpi]
#[derive(Accounts)]
pub struct SetParameters<'info> {
    /// The network's authority.
    pub authority: Signer<'info>,
    /// The network.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub network: AccountLoader<'info, Network>,
}

/// Chooses parameters for what comes after; a job keeps those that it was posted with.
pub fn set_parameters(ctx: Context<SetParameters>, parameters: NetworkParameters) -> Result<()> {
    parameters.validate()?;
    ctx.accounts.network.load_mut()?.set_parameters(&parameters);
    record(&ctx.accounts.event_authority, &ParametersSet { parameters })?;
    Ok(())
}
