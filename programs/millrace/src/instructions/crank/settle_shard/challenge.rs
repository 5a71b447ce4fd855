//! The outcome of a challenge.

use super::settlement::{ChallengeOutcome, Settlement};
use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Review, Seat, SeatStatus};

impl Settlement<'_, '_> {
    /// Distributes the bond of a challenge, if the shard is challenged. The losing side pays for the
    /// additional seats. If no other seat has revealed a result, the bond pays the challenged seat if its
    /// output was delivered: the client must not get it for free by challenging it.
    #[inline(never)]
    pub(super) fn resolve_challenge(&mut self, result: Option<&Seat>) -> Result<()> {
        if self.shard.review() != Review::Challenged {
            return Ok(());
        }
        let challenge = self.accounts.challenge.as_ref();
        let missing = || MillraceError::ChallengeMissing.into_program_error();
        let (at, bond) = {
            let challenge = challenge.ok_or_else(missing)?.load()?;
            (usize::from(challenge.seat), challenge.bond)
        };
        let mut parties = self.parties.iter();
        let challenged = parties.find(|party| party.at == at);
        let challenged =
            challenged.ok_or_else(|| MillraceError::InvariantBroken.into_program_error())?;
        let mut others = self.parties.iter().filter(|party| party.at != at);
        let contested = others.any(|party| party.seat.status() == SeatStatus::Revealed);
        let own = self.payment(&challenged.seat)?;
        let (mut bond_to_job, mut bond_to_provider, mut upheld) = (0, 0, false);
        match result {
            Some(result) if challenged.seat.agrees_with(result) => {
                let fee_bps = self.accounts.job.load()?.fee_bps;
                let others = money::sub(self.totals.paid, own)?;
                let cost = money::add(others, money::share(others, u64::from(fee_bps))?)?;
                bond_to_job = cost.min(bond);
            }
            Some(_) => upheld = true,
            None if !contested && challenged.seat.delivered != 0 => {
                bond_to_provider = own.min(bond)
            }
            None => {}
        }
        let bond_returned = money::sub(money::sub(bond, bond_to_job)?, bond_to_provider)?;
        {
            let mut job = self.accounts.job.load_mut()?;
            job.bonded = money::sub(job.bonded, bond)?;
            job.compensate(bond_to_job)?;
        }
        if bond_to_provider > 0 {
            let mut provider = challenged.provider.load_mut()?;
            provider.credit(bond_to_provider)?;
            provider.invariant()?;
        }
        self.pay_out(challenged.earnings_vault, bond_to_provider)?;
        let back = self.accounts.challenger_payment.as_ref();
        let back = back.ok_or_else(missing)?;
        self.pay_out(back, bond_returned)?;
        self.totals.challenge = Some(ChallengeOutcome {
            upheld,
            bond_returned,
            bond_to_job,
            bond_to_provider,
        });
        Ok(())
    }
}
