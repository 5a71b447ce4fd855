use super::penalty::Penalty;
use crate::constants::seeds;
use crate::error::MillraceError;
use crate::events::SeatExpired;
use crate::math::money;
use crate::state::{Job, Network, Provider, SeatStatus, Shard, ShardState, treasury_bucket};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `expire_seat`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(seat: u8)]
pub struct ExpireSeat<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The job.
    pub job: AccountLoader<'info, Job>,
    /// The shard.
    #[account(mut, has_one = job @ MillraceError::WrongAccount)]
    pub shard: AccountLoader<'info, Shard>,
    /// Who sits there.
    #[account(mut, has_one = stake_vault @ MillraceError::WrongAccount)]
    pub provider: AccountLoader<'info, Provider>,
    /// Its stake vault.
    #[account(mut)]
    pub stake_vault: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake.
    #[account(address = stake_vault.mint @ MillraceError::WrongAccount)]
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// The treasury vault of the job's bucket.
    #[account(
        mut,
        seeds = [seeds::TREASURY, stake_mint.key().as_ref(), &[treasury_bucket(&job.key())]],
        bump = network.load()?.treasury_bump(&stake_mint.key(), treasury_bucket(&job.key()))?,
    )]
    pub treasury: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

impl ExpireSeat<'_> {
    fn validate(&self, seat: u8, now: i64) -> Result<()> {
        let shard = self.shard.load()?;
        // shard: once results are shown, a freed seat could not be filled; settling judges it then
        require!(
            shard.state() == Some(ShardState::Assigned),
            MillraceError::ShardState
        );
        require!(now >= shard.commit_by, MillraceError::TooEarly);
        let seat = shard
            .seats
            .get(usize::from(seat))
            .ok_or(MillraceError::SeatState)?;
        require!(
            seat.status() == SeatStatus::Assigned,
            MillraceError::SeatState
        );
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
    accounts.validate(seat, Clock::get()?.unix_timestamp)?;
    let (job, late_bps) = (accounts.job.key(), accounts.job.load()?.late_bps);
    let (index, left) = {
        let mut shard = accounts.shard.load_mut()?;
        let left = std::mem::take(&mut shard.seats[usize::from(seat)]);
        // A later attempt of the same provider must not be able to use this one's signature.
        shard.attempt = shard
            .attempt
            .checked_add(1)
            .ok_or(MillraceError::AmountOverflow)?;
        (shard.index, left)
    };
    let penalty = money::share(left.locked, u64::from(late_bps))?;
    let slashed = Penalty {
        seat: &left,
        at: seat,
        wrong: false,
        amount: penalty,
        compensation_cap: 0,
    };
    let event = slashed.take(
        &accounts.provider,
        &accounts.stake_mint,
        &accounts.stake_vault.to_account_info(),
        &accounts.treasury.to_account_info(),
        None,
        &accounts.token_program,
        (job, index),
    )?;
    if let Some(event) = event {
        emit_cpi!(event);
    }
    emit_cpi!(SeatExpired {
        job,
        shard: index,
        seat,
        provider: left.provider,
    });
    Ok(())
}
