use super::penalty::{Penalty, PenaltyRecipients};
use crate::error::MillraceError;
use crate::events::{SeatExpired, record};
use crate::instructions::tokens::TokenTransfer;
use crate::prelude::*;
use crate::state::{Bucket, Job, Provider, SeatStatus, Shard, ShardState, ShardStore, bucket_of};

/// Accounts of `expire_seat`.
#[event_cpi]
#[derive(Accounts)]
pub struct ExpireSeat<'info> {
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard, where it has an account of its own.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// Who sits there.
    #[account(mut, has_one = stake_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    /// Its stake vault.
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake.
    #[account(address = stake_vault.load()?.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// The bucket of the job.
    #[account(has_one = stake_treasury @ MillraceError::WrongAccount)]
    pub bucket: AccountLoader<'info, Bucket>,
    /// Its treasury vault for penalties.
    /// CHECK: the bucket names it, see `has_one` above.
    #[account(mut)]
    pub stake_treasury: UncheckedAccount<'info>,
    /// A token account of the stake mint, for the cranker's bounty.
    /// CHECK: the token program looks at it.
    #[account(mut)]
    pub bounty: Option<UncheckedAccount<'info>>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl ExpireSeat<'_> {
    fn validate(&self, shard: &Shard, seat: u8, now: i64) -> Result<()> {
        // bucket: its vault is checked by `has_one`
        let index = self.bucket.load()?.index;
        let own = index == bucket_of(&self.job.key());
        require!(own, MillraceError::WrongAccount);

        // shard: once results are shown, a freed seat could not be filled; settling judges it then
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

/// Frees a seat that did not commit and takes the late penalty.
pub fn expire_seat(ctx: Context<ExpireSeat>, seat: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    let store = ShardStore::of(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;
    accounts.validate(&shard, seat, clock.unix_timestamp)?;
    let left = shard.free_seat(usize::from(seat), clock.slot)?;
    store.save(&shard)?;
    let penalty = {
        let job = accounts.job.load()?;
        Penalty {
            at: seat,
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
    let event = penalty.take(
        &accounts.provider,
        &tokens,
        accounts.stake_vault.as_ref(),
        &recipients,
        (shard.job, shard.index),
    )?;
    record(&ctx.accounts.event_authority, &event)?;
    record(
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
