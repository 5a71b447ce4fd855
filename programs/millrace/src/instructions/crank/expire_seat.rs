//! - Caller: any.
//! - Window: from `commit_by`, before a result of the round is revealed.
//! - Moves: nothing; the penalty for a late seat is burnt.

use super::penalty::Penalty;
use crate::error::MillraceError;
use crate::events::{SeatExpired, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Job, Provider, SeatStatus, Shard, ShardState, ShardStore};

#[event_cpi]
#[derive(Accounts)]
pub struct ExpireSeat<'info> {
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The provider that holds the seat.
    #[account(mut, has_one = stake_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake.
    #[account(mut, address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl ExpireSeat<'_> {
    fn validate(&self, shard: &Shard, seat: u8, now: i64) -> Result<()> {
        // shard: CANNOT free a seat once a result is revealed, because it could not be assigned again
        require!(
            shard.state() == Some(ShardState::Assigned),
            MillraceError::WrongShardState
        );
        require!(now >= shard.commit_by, MillraceError::TooEarly);

        // seat
        let seat = shard.seats.get(usize::from(seat));
        let seat = seat.ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
        let working = seat.status() == SeatStatus::Assigned;
        require!(working, MillraceError::WrongSeatStatus);
        require_keys_eq!(
            seat.provider,
            self.provider.key(),
            MillraceError::WrongAccount
        );
        Ok(())
    }
}

pub fn expire_seat(ctx: Context<ExpireSeat>, seat: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    accounts.validate(&shard, seat, clock.unix_timestamp)?;
    let left = shard.free_seat(usize::from(seat), clock.slot)?;
    store.save(&shard)?;
    let penalty = {
        let job = accounts.job.load()?;
        Penalty {
            seat,
            locked: job.seat_lock,
            disagreed: false,
            bps: job.late_bps,
        }
    };
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    let event = penalty.apply(
        &accounts.provider,
        &tokens,
        accounts.stake_vault.as_ref(),
        shard.job,
        shard.index,
    )?;
    emit(&ctx.accounts.event_authority, &event)?;
    emit(
        &ctx.accounts.event_authority,
        &SeatExpired {
            job: shard.job,
            shard: shard.index,
            seat,
            provider: left.provider,
        },
    )?;
    Ok(())
}
