//! - Caller: any.
//! - Window: once the epoch is over, if it has points.
//! - Moves: nothing; rewards are promised, and the caller pays the rent of the epoch's account.

use crate::constants::{ACCOUNT_VERSION, BUCKETS, seeds};
use crate::error::MillraceError;
use crate::events::{EpochClosed, emit};
use crate::math::money;
use crate::prelude::*;
use crate::state::{Bucket, Epoch, Network, Rewards};

/// The remaining accounts are all buckets, in the order of their indices.
#[event_cpi]
#[derive(Accounts)]
#[instruction(number: u32)]
pub struct CloseEpoch<'info> {
    /// Pays the rent, which is returned when the last points are banked.
    #[account(mut)]
    pub payer: Signer<'info>,
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub rewards: AccountLoader<'info, Rewards>,
    #[account(
        init,
        payer = payer,
        space = Epoch::SIZE,
        seeds = [seeds::EPOCH, &number.to_le_bytes()],
        bump,
    )]
    pub epoch: AccountLoader<'info, Epoch>,
    pub system_program: Program<'info, System>,
}

pub fn close_epoch<'info>(ctx: Context<'info, CloseEpoch<'info>>, number: u32) -> Result<()> {
    let now = clock()?.unix_timestamp;
    let buckets = ctx.remaining_accounts;
    let complete = buckets.len() == usize::from(BUCKETS);
    require!(complete, MillraceError::WrongListLength);
    let ended = now >= ctx.accounts.network.load()?.epoch_end(number);
    require!(ended, MillraceError::TooEarly);
    let mut points = 0;
    for (index, info) in buckets.iter().enumerate() {
        require!(info.is_writable, ErrorCode::ConstraintMut);
        let loader = AccountLoader::<Bucket>::try_from(info)?;
        let mut bucket = loader.load_mut()?;
        let in_order = usize::from(bucket.index) == index;
        require!(in_order, MillraceError::WrongAccount);
        points = money::add(points, bucket.take(number))?;
    }
    // Without points no provider could bank rewards and the account would never be closed.
    require!(points > 0, MillraceError::NoPointsInEpoch);
    let (emission, promised_after) = {
        let wanted = ctx.accounts.network.load()?.emission(number, points);
        let mut rewards = ctx.accounts.rewards.load_mut()?;
        let emission = rewards.promise(wanted)?;
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
    emit(
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
