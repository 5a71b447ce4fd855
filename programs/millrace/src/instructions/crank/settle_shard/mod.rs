mod accounts;
mod challenge;
mod payout;
mod penalty;
mod settlement;

pub use accounts::*;

use crate::error::MillraceError;
use crate::events::{ChallengeDecided, ShardFailed, ShardReopened, ShardSettled, record};
use crate::math::verdict::{Verdict, verdict};
use crate::prelude::*;
use crate::state::{Seat, SeatStatus, Shard, ShardState, ShardStore};
use settlement::{Party, Settlement, Tally};

/// Pays, slashes, reopens or fails a shard.
pub fn settle_shard<'info>(ctx: Context<'info, SettleShard<'info>>) -> Result<()> {
    let clock = clock()?;
    let now = clock.unix_timestamp;
    let shard = ShardStore::of(&ctx.accounts.job, &ctx.accounts.shard)?.load()?;
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
    let (shard, tally) = settlement.finish()?;
    {
        let mut client = ctx.accounts.client.load_mut()?;
        client.held = tally.client_held(client.held)?;
    }
    ctx.accounts.job.load()?.invariant()?;

    announce(ctx, &verdict, &shard, tally)
}

impl Settlement<'_, '_> {
    /// Pays those who agree with seat `winner`, and lets the others go, the wrong ones with a penalty
    /// where `slash`.
    #[inline(never)]
    fn settle(&mut self, winner: usize, slash: bool) -> Result<()> {
        let result = self.shard.seats[winner];
        let agrees = |party: &Party| party.seat.agrees_with(&result);
        let (right, others): (Vec<usize>, Vec<usize>) =
            (0..self.parties.len()).partition(|index| agrees(&self.parties[*index]));
        for index in right {
            self.pay(index)?;
        }
        self.charge_fee()?;
        for index in others {
            let party = &self.parties[index];
            let wrong = party.seat.status() == SeatStatus::Revealed;
            match party.late || (wrong && slash) {
                true => self.penalize(index, wrong)?,
                false => self.release(index)?,
            }
        }
        self.decide(Some(&result))?;
        self.shard.winner = winner as u8;
        self.shard.state = ShardState::Settled as u8;
        self.accounts.job.load_mut()?.settled += 1;
        Ok(())
    }

    /// Lets everyone go, the late ones with a penalty.
    #[inline(never)]
    fn fail(&mut self) -> Result<()> {
        for index in 0..self.parties.len() {
            match self.parties[index].late {
                true => self.penalize(index, false)?,
                false => self.release(index)?,
            }
        }
        self.decide(None)?;
        self.shard.state = ShardState::Failed as u8;
        self.accounts.job.load_mut()?.failed += 1;
        Ok(())
    }

    /// Frees the seats of the late and opens as many as the job allows.
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

/// Tells what happened.
#[inline(never)]
fn announce<'info>(
    ctx: Context<'info, SettleShard<'info>>,
    verdict: &Verdict,
    shard: &Shard,
    tally: Tally,
) -> Result<()> {
    let (job, held_after) = (shard.job, ctx.accounts.job.load()?.held()?);
    for slash in tally.slashes {
        record(&ctx.accounts.event_authority, &slash)?;
    }
    if let Some(decided) = tally.decided {
        if let (Some(challenge), Some(to)) = (&ctx.accounts.challenge, &ctx.accounts.challenger) {
            challenge.close(to)?;
        }
        record(
            &ctx.accounts.event_authority,
            &ChallengeDecided {
                job,
                shard: shard.index,
                upheld: decided.upheld,
                bond_returned: decided.bond_returned,
                bond_to_job: decided.bond_to_job,
                bond_to_provider: decided.bond_to_provider,
            },
        )?;
    }
    match *verdict {
        Verdict::Settle { winner, .. } => {
            record(
                &ctx.accounts.event_authority,
                &ShardSettled {
                    job,
                    shard: shard.index,
                    root: shard.seats[winner].digest,
                    units: shard.seats[winner].units,
                    paid: tally.paid,
                    fee: tally.fee,
                    points: tally.points,
                    payments: tally.payments,
                    released: tally.released,
                    held_after,
                },
            )?;
        }
        Verdict::Reopen => record(
            &ctx.accounts.event_authority,
            &ShardReopened {
                job,
                shard: shard.index,
                attempt: shard.attempt,
                target: shard.target,
            },
        )?,
        Verdict::Fail | Verdict::Wait => record(
            &ctx.accounts.event_authority,
            &ShardFailed {
                job,
                shard: shard.index,
                released: tally.released,
            },
        )?,
    }
    Ok(())
}
