use crate::error::MillraceError;
use crate::events::{RewardsBanked, record};
use crate::math::money;
use crate::prelude::*;
use crate::state::{Epoch, Points, Provider};

/// Accounts of `bank_rewards`.
#[event_cpi]
#[derive(Accounts)]
pub struct BankRewards<'info> {
    /// The epoch; closed with its last points.
    #[account(mut, has_one = payer @ MillraceError::WrongAccount)]
    pub epoch: AccountLoader<'info, Epoch>,
    /// Who paid the epoch's rent.
    /// CHECK: compared by `has_one` above.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
    /// The provider.
    #[account(mut)]
    pub provider: AccountLoader<'info, Provider>,
}

/// Turns a provider's points of a closed epoch into rewards, which it can claim at any time.
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
    record(
        &ctx.accounts.event_authority,
        &RewardsBanked {
            provider: ctx.accounts.provider.key(),
            number,
            points,
            amount,
            due_after,
        },
    )?;
    match done {
        true => ctx.accounts.epoch.close(ctx.accounts.payer.as_ref()),
        false => Ok(()),
    }
}
