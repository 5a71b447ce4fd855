use crate::constants::{ACCOUNT_VERSION, BUCKETS, seeds};
use crate::error::MillraceError;
use crate::events::{EpochClosed, record};
use crate::math::money;
use crate::prelude::*;
use crate::state::{Bucket, Epoch, Network, Rewards};

/// Accounts of `close_epoch`; after them, all buckets in the order of their indices.
#[event_cpi]
#[derive(Accounts)]
#[instruction(number: u32)]
pub struct CloseEpoch<'info> {
    /// Pays the rent, which comes back when the last points are banked.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The book of rewards.
    #[account(mut)]
    pub rewards: AccountLoader<'info, Rewards>,
    /// The epoch.
    #[account(
        init,
        payer = payer,
        space = Epoch::SIZE,
        seeds = [seeds::EPOCH, &number.to_le_bytes()],
        bump,
    )]
    pub epoch: AccountLoader<'info, Epoch>,
    /// System program.
    pub system_program: Program<'info, System>,
}

/// Counts the points of an epoch that is over, and promises its rewards to them.
pub fn close_epoch<'info>(ctx: Context<'info, CloseEpoch<'info>>, number: u32) -> Result<()> {
    let now = clock()?.unix_timestamp;
    let buckets = ctx.remaining_accounts;
    let complete = buckets.len() == usize::from(BUCKETS);
    require!(complete, MillraceError::WrongListLength);
    let scheduled = {
        let network = ctx.accounts.network.load()?;
        require!(now >= network.epoch_end(number), MillraceError::TooEarly);
        network.scheduled_emission(number)
    };
    let mut points = 0;
    for (index, info) in buckets.iter().enumerate() {
        require!(info.is_writable, ErrorCode::ConstraintMut);
        let loader = AccountLoader::<Bucket>::try_from(info)?;
        let mut bucket = loader.load_mut()?;
        let in_order = usize::from(bucket.index) == index;
        require!(in_order, MillraceError::WrongAccount);
        points = money::add(points, bucket.take(number))?;
    }
    // Without points there is nobody to promise anything to, and nothing to keep.
    require!(points > 0, MillraceError::NoPointsInEpoch);
    let (emission, promised_after) = {
        let mut rewards = ctx.accounts.rewards.load_mut()?;
        let emission = rewards.promise(scheduled)?;
        rewards.invariant()?;
        (emission, rewards.promised)
    };
    let payer = ctx.accounts.payer.key();
    ctx.accounts.epoch.init(&Epoch {
        version: ACCOUNT_VERSION,
        bump: ctx.bumps.epoch,
        number,
        payer,
        points,
        banked: 0,
        emission,
        reserved: [0; 26],
    })?;
    record(
        &ctx.accounts.event_authority,
        &EpochClosed {
            number,
            points,
            emission,
            promised_after,
        },
    )?;
    Ok(())
}
