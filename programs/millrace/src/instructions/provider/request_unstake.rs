use crate::error::MillraceError;
use crate::events::{UnstakeRequested, record};
use crate::prelude::*;
use crate::state::{Network, Provider};

/// Accounts of `request_unstake`.
#[event_cpi]
#[derive(Accounts)]
pub struct RequestUnstake<'info> {
    /// The provider's cold key.
    pub authority: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The provider.
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Begins to take free stake out. What open seats lock stays, and slashing reaches what is on its way.
pub fn request_unstake(ctx: Context<RequestUnstake>, amount: u64) -> Result<()> {
    require!(amount > 0, MillraceError::AmountZero);
    let accounts = &ctx.accounts;
    let wait = i64::from(accounts.network.load()?.unbonding_secs);
    let until = clock()?
        .unix_timestamp
        .checked_add(wait)
        .ok_or_else(|| MillraceError::AmountOverflow.into_program_error())?;
    let (active_after, unbonding_after) = {
        let mut provider = accounts.provider.load_mut()?;
        provider.unbond(amount, until)?;
        provider.invariant()?;
        (provider.active, provider.unbonding)
    };
    record(
        &ctx.accounts.event_authority,
        &UnstakeRequested {
            provider: accounts.provider.key(),
            amount,
            until,
            active_after,
            unbonding_after,
        },
    )?;
    Ok(())
}
