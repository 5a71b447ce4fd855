//! - Caller: any.
//! - Window: from the close of the epoch.
//! - Moves: nothing; with the last points, the rent of the epoch's account, to the signer who paid it.

use crate::error::MillraceError;
use crate::events::{RewardsBanked, emit};
use crate::math::money;
use crate::prelude::*;
use crate::state::{Epoch, Points, Provider};

#[event_cpi]
#[derive(Accounts)]
pub struct BankRewards<'info> {
    /// Closed when the last points are banked.
    #[account(mut, has_one = payer @ MillraceError::WrongAccount)]
    pub epoch: AccountLoader<'info, Epoch>,
    /// The signer who paid the epoch's rent.
    /// CHECK: compared by `has_one`.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    #[account(mut)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Banked rewards can be claimed at any time.
pub fn bank_rewards(ctx: Context<BankRewards>) -> Result<()> {
    let mut epoch = ctx.accounts.epoch.load_mut()?;
    let number = epoch.number;
    let (points, amount, due_after) = {
        let mut provider = ctx.accounts.provider.load_mut()?;
        let points = Points::take(&mut provider.points, number);
        require!(points > 0, MillraceError::AmountZero);
        let amount = epoch.worth(points);
        provider.reward_due = money::add(provider.reward_due, amount)?;
        provider.invariant()?;
        (points, amount, provider.reward_due)
    };
    epoch.banked = money::add(epoch.banked, points)?;
    let whole = epoch.banked <= epoch.points;
    require!(whole, MillraceError::InvariantBroken);
    let done = epoch.banked == epoch.points;
    drop(epoch);
    emit(
        &ctx.accounts.event_authority,
        &RewardsBanked {
            provider: ctx.accounts.provider.key(),
            number,
            points,
            amount,
            due_after,
        },
    )?;
    if done {
        ctx.accounts.epoch.close_to(ctx.accounts.payer.as_ref())?;
    }
    Ok(())
}
