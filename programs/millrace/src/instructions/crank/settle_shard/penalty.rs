//! The penalties of a settlement.

use super::settlement::Settlement;
use crate::instructions::crank::penalty::Penalty;
use crate::prelude::*;
use crate::state::SeatStatus;

impl Settlement<'_, '_> {
    /// Ends a seat with the penalty for a wrong result or for being late.
    #[inline(never)]
    pub(super) fn penalize(&mut self, index: usize, wrong: bool) -> Result<()> {
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
            }
        };
        let event = penalty.apply(
            &party.provider,
            &accounts.penalty_tokens()?,
            party.stake_vault,
            self.shard.job,
            self.shard.index,
        )?;
        self.totals.slashes.push(event);
        let status = if wrong {
            SeatStatus::Disagreed
        } else {
            SeatStatus::Late
        };
        self.shard.seats[party.at].status = status as u8;
        Ok(())
    }
}
