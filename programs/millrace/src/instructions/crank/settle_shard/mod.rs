//! - Caller: any.
//! - Window: once the verdict is not to wait (docs/protocol.md).
//! - Moves: payments, fee and bond, from the escrow vault; the rent of a challenge, to the challenger.
//!   Penalties are burnt.

mod accounts;
mod challenge;
mod payout;
mod penalty;
mod settlement;

pub use accounts::*;

use crate::error::MillraceError;
use crate::events::{ChallengeDecided, ShardFailed, ShardReopened, ShardSettled, emit};
use crate::math::verdict::{Verdict, verdict};
use crate::prelude::*;
use crate::state::{Seat, SeatStatus, Shard, ShardState, ShardStore};
use settlement::{SeatAccounts, Settlement, Totals};

pub fn settle_shard<'info>(ctx: Context<'info, SettleShard<'info>>) -> Result<()> {
    let clock = clock()?;
    let now = clock.unix_timestamp;
    let shard = ShardStore::new(&ctx.accounts.job, &ctx.accounts.shard)?.load()?;
    ctx.accounts.validate(&shard)?;
    let verdict = {
        let job = ctx.accounts.job.load()?;
        verdict(&shard.seats, &shard.verdict_input(&job, now))
    };
    require!(verdict != Verdict::Wait, MillraceError::ShardNotDue);
    let accounts = &ctx.accounts;
    let mut settlement = Settlement::new(accounts, shard, ctx.remaining_accounts, now)?;
    match verdict {
        Verdict::Wait => {}
        Verdict::Settle { winner, slash } => settlement.settle(winner, slash)?,
        Verdict::Fail => settlement.fail()?,
        Verdict::Reopen => settlement.reopen(clock.slot)?,
    }
    let (shard, totals) = settlement.finish()?;
    {
        let mut client = ctx.accounts.client.load_mut()?;
        client.held = totals.client_held(client.held)?;
    }
    ctx.accounts.job.load()?.invariant()?;

    emit_events(ctx, &verdict, &shard, totals)
}

impl Settlement<'_, '_> {
    /// Pays the seats that agree with seat `winner`. Penalizes the late seats and, if `slash`, the seats
    /// with a different result; releases the others.
    #[inline(never)]
    fn settle(&mut self, winner: usize, slash: bool) -> Result<()> {
        let result = self.shard.seats[winner];
        let agrees = |party: &SeatAccounts| party.seat.agrees_with(&result);
        let (agreeing, others): (Vec<usize>, Vec<usize>) =
            (0..self.parties.len()).partition(|index| agrees(&self.parties[*index]));
        let confirmed = agreeing.len() > 1;
        for index in agreeing {
            self.pay(index, confirmed)?;
        }
        self.charge_fee()?;
        for index in others {
            let party = &self.parties[index];
            let wrong = party.seat.status() == SeatStatus::Revealed;
            if party.late || (wrong && slash) {
                self.penalize(index, wrong)?;
            } else {
                self.release(index)?;
            }
        }
        self.resolve_challenge(Some(&result))?;
        self.shard.winner = winner as u8;
        self.shard.state = ShardState::Settled as u8;
        let mut job = self.accounts.job.load_mut()?;
        job.settled = job.settled.saturating_add(1);
        Ok(())
    }

    /// Penalizes the late seats and releases the others.
    #[inline(never)]
    fn fail(&mut self) -> Result<()> {
        for index in 0..self.parties.len() {
            if self.parties[index].late {
                self.penalize(index, false)?;
            } else {
                self.release(index)?;
            }
        }
        self.resolve_challenge(None)?;
        self.shard.state = ShardState::Failed as u8;
        let mut job = self.accounts.job.load_mut()?;
        job.failed = job.failed.saturating_add(1);
        Ok(())
    }

    /// Penalizes and frees the late seats, and starts another round.
    #[inline(never)]
    fn reopen(&mut self, slot: u64) -> Result<()> {
        for index in 0..self.parties.len() {
            if self.parties[index].late {
                self.penalize(index, false)?;
                self.shard.seats[self.parties[index].at] = Seat::default();
            }
        }
        let job = self.accounts.job.load()?;
        self.shard.reopen(&job, self.now, slot)
    }
}

/// Emits the events, and closes a challenge that was decided.
#[inline(never)]
fn emit_events<'info>(
    ctx: Context<'info, SettleShard<'info>>,
    verdict: &Verdict,
    shard: &Shard,
    totals: Totals,
) -> Result<()> {
    let (job, held_after) = (shard.job, ctx.accounts.job.load()?.held()?);
    for slash in totals.slashes {
        emit(&ctx.accounts.event_authority, &slash)?;
    }
    if let Some(challenge) = totals.challenge {
        if let (Some(challenge), Some(to)) = (&ctx.accounts.challenge, &ctx.accounts.challenger) {
            challenge.close_to(to)?;
        }
        emit(
            &ctx.accounts.event_authority,
            &ChallengeDecided {
                job,
                shard: shard.index,
                upheld: challenge.upheld,
                bond_returned: challenge.bond_returned,
                bond_to_job: challenge.bond_to_job,
                bond_to_provider: challenge.bond_to_provider,
            },
        )?;
    }
    match *verdict {
        Verdict::Settle { winner, .. } => {
            emit(
                &ctx.accounts.event_authority,
                &ShardSettled {
                    job,
                    shard: shard.index,
                    root: shard.seats[winner].digest,
                    units: shard.seats[winner].units,
                    paid: totals.paid,
                    fee: totals.fee,
                    points: totals.points,
                    payments: totals.payments,
                    released: totals.released,
                    held_after,
                },
            )?;
        }
        Verdict::Reopen => emit(
            &ctx.accounts.event_authority,
            &ShardReopened {
                job,
                shard: shard.index,
                attempt: shard.attempt,
                target: shard.target,
            },
        )?,
        Verdict::Fail | Verdict::Wait => emit(
            &ctx.accounts.event_authority,
            &ShardFailed {
                job,
                shard: shard.index,
                released: totals.released,
            },
        )?,
    }
    Ok(())
}
