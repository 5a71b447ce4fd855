//! The penalties of a settlement.

use super::settlement::Settlement;
use crate::instructions::crank::penalty::Penalty;
use crate::math::money;
use crate::prelude::*;
use crate::state::SeatStatus;

impl Settlement<'_, '_> {
    /// Ends a seat with the penalty for a wrong result or for being late.
    #[inline(never)]
    pub(super) fn penalize(&mut self, index: usize, wrong: bool) -> Result<()> {
        let compensation_cap = if wrong { self.uncompensated()? } else { 0 };
        let party = &self.parties[index];
        let accounts = self.accounts;
        let penalty = {
            let job = accounts.job.load()?;
            // A provider that commits and does not reveal may have seen that its result is wrong.
            let silent = party.seat.status() == SeatStatus::Committed;
            Penalty {
                seat: party.at as u8,
                locked: job.seat_lock,
                disagreed: wrong,
                bps: if wrong || silent {
                    job.slash_bps
                } else {
                    job.late_bps
                },
                compensation_cap,
            }
        };
        let event = penalty.apply(
            &party.provider,
            &accounts.penalty_tokens()?,
            party.stake_vault,
            Some(accounts.escrow.as_ref()),
            self.shard.job,
            self.shard.index,
        )?;
        accounts.job.load_mut()?.compensate(event.compensation)?;
        self.totals.slashes.push(event);
        let status = if wrong {
            SeatStatus::Disagreed
        } else {
            SeatStatus::Late
        };
        self.shard.seats[party.at].status = status as u8;
        Ok(())
    }

    /// What wrong results have cost the client beyond the job's replicas, less what it received: the
    /// lowest payments, and the fee on them. 0 if stake and payments are different tokens.
    fn uncompensated(&self) -> Result<u64> {
        if !self.accounts.network.load()?.has_single_mint() {
            return Ok(0);
        }
        let (replicas, fee_bps) = {
            let job = self.accounts.job.load()?;
            (usize::from(job.replicas), job.fee_bps)
        };
        let mut payments: Vec<u64> = self.totals.payments.iter().map(|p| p.amount).collect();
        payments.sort_unstable();
        let extra = payments.len().saturating_sub(replicas);
        let paid = payments
            .iter()
            .take(extra)
            .try_fold(0, |sum, p| money::add(sum, *p))?;
        let cost = money::add(paid, money::share(paid, u64::from(fee_bps))?)?;
        let compensated = self.totals.slashes.iter().map(|s| s.compensation).sum();
        Ok(cost.saturating_sub(compensated))
    }
}
