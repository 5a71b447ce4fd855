//! - Caller: any.
//! - Window: from `commit_by`, before a result of the round is revealed.
//! - Moves: the penalty for a late seat, from the provider's stake vault to the bounty account and the
//!   treasury.

use super::penalty::{Penalty, PenaltyRecipients};
use crate::error::MillraceError;
use crate::events::{SeatExpired, emit};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Bucket, Job, Provider, SeatStatus, Shard, ShardState, ShardStore, bucket_of};

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
    #[account(address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// The bucket that the job's address selects.
    #[account(has_one = stake_treasury @ MillraceError::WrongAccount)]
    pub bucket: AccountLoader<'info, Bucket>,
    /// The bucket's treasury vault for penalties.
    /// CHECK: compared by the bucket's `has_one`.
    #[account(mut)]
    pub stake_treasury: UncheckedAccount<'info>,
    /// A token account of the stake mint, which receives the cranker's bounty.
    /// CHECK: checked by the token program.
    #[account(mut)]
    pub bounty: Option<UncheckedAccount<'info>>,
    pub token_program: Interface<'info, TokenInterface>,
}

impl ExpireSeat<'_> {
    fn validate(&self, shard: &Shard, seat: u8, now: i64) -> Result<()> {
        // bucket: `has_one` compares its vault
        let index = self.bucket.load()?.index;
        let own = index == bucket_of(&self.job.key());
        require!(own, MillraceError::WrongAccount);

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
            bounty_bps: job.bounty_bps,
            compensation_cap: 0,
        }
    };
    let tokens = TokenTransfer {
        program: &accounts.token_program,
        mint: accounts.stake_mint.as_ref(),
    };
    let recipients = PenaltyRecipients {
        treasury: accounts.stake_treasury.as_ref(),
        escrow: None,
        bounties: [accounts.bounty.as_ref().map(AsRef::as_ref), None],
    };
    let event = penalty.apply(
        &accounts.provider,
        &tokens,
        accounts.stake_vault.as_ref(),
        &recipients,
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
