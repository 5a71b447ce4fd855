//! - Caller: the provider's cold key.
//! - Window: any time.
//! - Moves: nothing; free stake starts to unbond.

use crate::error::MillraceError;
use crate::events::{UnstakeRequested, emit};
use crate::prelude::*;
use crate::state::{Network, Provider};

#[event_cpi]
#[derive(Accounts)]
pub struct RequestUnstake<'info> {
    pub authority: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut, has_one = authority @ MillraceError::NotAuthorized)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Stake that open seats lock stays active. Unbonding stake can still be slashed.
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
    emit(
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
