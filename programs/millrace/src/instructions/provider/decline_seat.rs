//! - Caller: any; the provider's operator has signed the decline.
//! - Window: without a commitment, from the assignment of the seat, for the job's `accept_secs`, before
//!   `commit_by`; with one, once the round is over and too few seats have committed for it to be revealed.
//! - Moves: nothing; the seat's stake is unlocked.

use crate::error::MillraceError;
use crate::events::{SeatDeclined, emit};
use crate::instructions::orchestrator::CheckedSignatures;
use crate::prelude::*;
use crate::state::{Job, Network, Provider, Shard, ShardState, ShardStore};
use millrace_protocol::commitment;

#[event_cpi]
#[derive(Accounts)]
pub struct DeclineSeat<'info> {
    pub network: AccountLoader<'info, Network>,
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// Given if the job has several shards.
    #[account(mut)]
    pub shard: Option<AccountLoader<'info, Shard>>,
    /// The provider that holds the seat.
    #[account(mut)]
    pub provider: AccountLoader<'info, Provider>,
    /// The instructions sysvar.
    /// CHECK: the functions that read it compare its address.
    pub instructions: UncheckedAccount<'info>,
}

pub fn decline_seat(ctx: Context<DeclineSeat>, seat: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    let clock = clock()?;
    let checked = CheckedSignatures::load(&accounts.instructions, 1)?;
    let store = ShardStore::new(&accounts.job, &accounts.shard)?;
    let mut shard = store.load()?;

    // shard: CANNOT decline a seat that can no longer be assigned again
    require!(
        shard.state() == Some(ShardState::Assigned),
        MillraceError::WrongShardState
    );

    // seat
    let at = usize::from(seat);
    let declined = shard
        .seats
        .get(at)
        .ok_or_else(|| MillraceError::WrongSeatStatus.into_program_error())?;
    let now = clock.unix_timestamp;
    shard.require_leavable(&*accounts.job.load()?, declined, now)?;
    let provider = accounts.provider.key();
    require_keys_eq!(declined.provider, provider, MillraceError::WrongAccount);

    // signature
    let network = accounts.network.load()?;
    let place = commitment::SeatContext {
        network_id: &network.network_id,
        program: crate::ID.as_array(),
        job: shard.job.as_array(),
        shard: shard.index,
        attempt: declined.attempt,
        provider: provider.as_array(),
    };
    let operator = accounts.provider.load()?.operator;
    checked.require(0, &operator, &place.decline_statement())?;

    shard.free_seat(at, clock.slot)?;
    store.save(&shard)?;
    {
        let locked = accounts.job.load()?.seat_lock;
        let mut provider = accounts.provider.load_mut()?;
        provider.leave_seat(locked, 0)?;
        provider.invariant()?;
    }
    emit(
        &ctx.accounts.event_authority,
        &SeatDeclined {
            job: shard.job,
            shard: shard.index,
            seat,
            provider,
        },
    )?;
    Ok(())
}
