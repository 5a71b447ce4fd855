//! The penalties of a settlement.

use super::settlement::Settlement;
use crate::instructions::crank::penalty::{Penalty, PenaltyRecipients};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Review, SeatStatus};

impl Settlement<'_, '_> {
    /// Ends a seat with the penalty for a wrong result or for being late. Half of the penalty for a wrong
    /// result compensates the client, up to the cost of the shard.
    #[inline(never)]
    pub(super) fn penalize(&mut self, index: usize, wrong: bool) -> Result<()> {
        let party = &self.parties[index];
        let accounts = self.accounts;
        let (locked, bps, bounty_bps) = {
            let job = accounts.job.load()?;
            // A provider that commits and does not reveal may have seen that its result is wrong.
            let silent = party.seat.status() == SeatStatus::Committed;
            let bps = if wrong || silent {
                job.slash_bps
            } else {
                job.late_bps
            };
            (job.seat_lock, bps, job.bounty_bps)
        };
        let compensated = self.totals.slashes.iter().map(|s| s.compensation).sum();
        let cost = money::add(self.totals.paid, self.totals.fee)?;
        let single_mint = accounts.network.load()?.has_single_mint();
        let penalty = Penalty {
            seat: party.at as u8,
            locked,
            disagreed: wrong,
            bps,
            bounty_bps,
            compensation_cap: if wrong && single_mint {
                cost.saturating_sub(compensated)
            } else {
                0
            },
        };
        let challenged = self.shard.review() == Review::Challenged;
        let challenger = accounts.challenger_stake.as_ref().map(AsRef::as_ref);
        let recipients = PenaltyRecipients {
            treasury: accounts.stake_treasury.as_ref(),
            escrow: Some(accounts.escrow.as_ref()),
            bounties: [
                accounts.bounty.as_ref().map(AsRef::as_ref),
                challenger.filter(|_| wrong && challenged),
            ],
        };
        let tokens = TokenTransfer {
            program: &accounts.stake_token_program,
            mint: accounts.stake_mint.as_ref(),
        };
        let event = penalty.apply(
            &party.provider,
            &tokens,
            party.stake_vault,
            &recipients,
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
}
