//! Payments and fee of a settlement, and seats that end without either.

use super::settlement::Settlement;
use crate::events::Payment;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Seat, SeatStatus};

impl Settlement<'_, '_> {
    /// The payment of a seat that agrees with the quorum, base units.
    pub(super) fn payment(&self, seat: &Seat) -> Result<u64> {
        let units = seat.units.min(self.accounts.job.load()?.max_units);
        money::mul(seat.price, units)
    }

    /// Pays a seat that agrees with the quorum, and adds its points: the fee on its payment. A result that
    /// no other seat confirmed gives no points.
    #[inline(never)]
    pub(super) fn pay(&mut self, index: usize, confirmed: bool) -> Result<()> {
        let party = &self.parties[index];
        let amount = self.payment(&party.seat)?;
        let (locked, fee_bps) = {
            let job = self.accounts.job.load()?;
            (job.seat_lock, job.fee_bps)
        };
        let epoch = self.accounts.network.load()?.epoch_at(self.now);
        {
            let mut provider = party.provider.load_mut()?;
            provider.leave_seat(locked, 0)?;
            provider.earn(amount)?;
            let mut bucket = self.accounts.bucket.load_mut()?;
            if confirmed && provider.has_room(epoch) && bucket.has_room(epoch) {
                let points = money::share(amount, u64::from(fee_bps))?;
                provider.add_points(epoch, points)?;
                bucket.add_points(epoch, points)?;
                self.totals.points = money::add(self.totals.points, points)?;
            }
            provider.invariant()?;
        }
        self.accounts.job.load_mut()?.pay(amount)?;
        self.totals.paid = money::add(self.totals.paid, amount)?;
        self.totals.payments.push(Payment {
            provider: party.seat.provider,
            amount,
        });
        self.pay_out(party.earnings_vault, amount)?;
        self.shard.seats[party.at].status = SeatStatus::Agreed as u8;
        Ok(())
    }

    /// Charges the fee on all payments.
    pub(super) fn charge_fee(&mut self) -> Result<()> {
        let fee_bps = self.accounts.job.load()?.fee_bps;
        let fee = money::share(self.totals.paid, u64::from(fee_bps))?;
        self.accounts.job.load_mut()?.charge_fee(fee)?;
        self.totals.fee = fee;
        self.pay_out(self.accounts.treasury.as_ref(), fee)
    }

    /// Ends a seat without payment or penalty.
    pub(super) fn release(&mut self, index: usize) -> Result<()> {
        let party = &self.parties[index];
        let locked = self.accounts.job.load()?.seat_lock;
        let mut provider = party.provider.load_mut()?;
        provider.leave_seat(locked, 0)?;
        provider.invariant()?;
        self.totals.released.push(party.seat.provider);
        self.shard.seats[party.at].status = SeatStatus::Released as u8;
        Ok(())
    }
}
