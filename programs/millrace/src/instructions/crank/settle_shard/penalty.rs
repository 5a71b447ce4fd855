//! Penalties of a settlement.

use super::settlement::Settlement;
use crate::instructions::crank::penalty::{Penalty, PenaltyRecipients};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Review, SeatStatus};

impl Settlement<'_, '_> {
    /// Lets a seat go with the penalty for a wrong or a late result; a wrong one compensates the
    /// client with half of it, up to what the shard cost.
    #[inline(never)]
    pub(super) fn penalize(&mut self, index: usize, wrong: bool) -> Result<()> {
        let party = &self.parties[index];
        let accounts = self.accounts;
        let (locked, bps, bounty_bps) = {
            let job = accounts.job.load()?;
            // Who committed and then stays silent may have seen that it would be wrong.
            let silent = party.seat.status() == SeatStatus::Committed;
            let bps = match wrong || silent {
                true => job.slash_bps,
                false => job.late_bps,
            };
            (job.seat_lock, bps, job.bounty_bps)
        };
        let compensated = self.tally.slashes.iter().map(|s| s.compensation).sum();
        let cost = money::add(self.tally.paid, self.tally.fee)?;
        let single_mint = accounts.network.load()?.has_single_mint();
        let penalty = Penalty {
            at: party.at as u8,
            locked,
            disagreed: wrong,
            bps,
            bounty_bps,
            compensation_cap: match wrong && single_mint {
                true => cost.saturating_sub(compensated),
                false => 0,
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
        let place = (self.shard.job, self.shard.index);
        let event = penalty.take(
            &party.provider,
            &tokens,
            party.stake_vault,
            &recipients,
            place,
        )?;
        accounts.job.load_mut()?.compensate(event.compensation)?;
        self.tally.slashes.push(event);
        let status = match wrong {
            true => SeatStatus::Disagreed,
            false => SeatStatus::Late,
        };
        self.shard.seats[party.at].status = status as u8;
        Ok(())
    }
}
