//! Carrying out a verdict: what each seat gets and loses, and where a challenge's bond goes.
//!
//! Steps that hold much on the stack, of which a program has 4 KiB a call, are kept apart.

use super::penalty::{Penalty, PenaltyRecipients};
use super::settle_shard::SettleShard;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{Payment, StakeSlashed};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Provider, Review, Seat, SeatStatus, Shard, ShardState, ShardStore};

/// An occupied seat with the accounts that its money moves through.
struct Party<'info> {
    at: usize,
    seat: Seat,
    late: bool,
    provider: AccountLoader<'info, Provider>,
    earnings_vault: &'info AccountInfo<'info>,
    stake_vault: &'info AccountInfo<'info>,
}

/// What became of a challenge. Amounts are base units of the payment mint.
pub struct Decision {
    /// The challenged result was not the quorum's.
    pub upheld: bool,
    /// Part of the bond that goes back.
    pub bond_returned: u64,
    /// Part of the bond that pays the further seats.
    pub bond_to_job: u64,
    /// Part of the bond that pays the challenged seat, whose result nobody looked at.
    pub bond_to_provider: u64,
}

/// What the seats of a shard got and lost.
#[derive(Default)]
pub struct Tally {
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the protocol, base units.
    pub fee: u64,
    /// Points given for it.
    pub points: u64,
    /// What each seat that agreed was paid.
    pub payments: Vec<Payment>,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
    /// Penalties.
    pub slashes: Vec<StakeSlashed>,
    /// What became of the challenge.
    pub decided: Option<Decision>,
}

impl Tally {
    /// What the client's jobs hold together after it: less what left the escrow vault, and what came
    /// in. A bond that pays for seats stays.
    pub fn client_held(&self, before: u64) -> Result<u64> {
        let mut held = money::sub(before, money::add(self.paid, self.fee)?)?;
        if let Some(decided) = &self.decided {
            let out = money::add(decided.bond_returned, decided.bond_to_provider)?;
            held = money::sub(held, out)?;
        }
        for slash in &self.slashes {
            held = money::add(held, slash.compensation)?;
        }
        Ok(held)
    }
}

/// A verdict that is being carried out.
pub struct Settlement<'a, 'info> {
    accounts: &'a SettleShard<'info>,
    shard: Shard,
    parties: Vec<Party<'info>>,
    now: i64,
    tally: Tally,
}

impl<'a, 'info> Settlement<'a, 'info> {
    /// Matches the remaining accounts with the occupied seats.
    ///
    /// # Errors
    /// [`MillraceError::WrongListLength`], [`MillraceError::WrongAccount`].
    #[inline(never)]
    pub fn new(
        accounts: &'a SettleShard<'info>,
        shard: Shard,
        remaining: &'info [AccountInfo<'info>],
        now: i64,
    ) -> Result<Self> {
        // Who committed is late only if it could have revealed.
        let could_reveal = shard.reveals_open(now);
        let mut triples = remaining.chunks_exact(3);
        let mut parties = Vec::with_capacity(MAX_SEATS);
        for (at, seat) in shard.seats.iter().enumerate().filter(|(_, s)| s.is_live()) {
            let Some([provider, earnings_vault, stake_vault]) = triples.next() else {
                return err!(MillraceError::WrongListLength);
            };
            require_keys_eq!(provider.key(), seat.provider, MillraceError::WrongAccount);
            let loader = AccountLoader::<Provider>::try_from(provider)?;
            {
                let books = loader.load()?;
                let own = books.earnings_vault == earnings_vault.key()
                    && books.stake_vault == stake_vault.key();
                require!(own, MillraceError::WrongAccount);
            }
            let late = match seat.status() {
                SeatStatus::Assigned => true,
                SeatStatus::Committed => could_reveal,
                _ => false,
            };
            parties.push(Party {
                at,
                seat: *seat,
                late,
                provider: loader,
                earnings_vault,
                stake_vault,
            });
        }
        let rest = triples.next().is_some() || !triples.remainder().is_empty();
        require!(!rest, MillraceError::WrongListLength);
        Ok(Self {
            accounts,
            shard,
            parties,
            now,
            tally: Tally::default(),
        })
    }

    fn payments(&self) -> TokenTransfer<'a, 'info> {
        TokenTransfer {
            program: &self.accounts.payment_token_program,
            mint: self.accounts.payment_mint.as_ref(),
        }
    }

    /// Moves payment tokens out of the client's escrow vault.
    fn pay_out(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
        let client = &self.accounts.client;
        let (owner, bump) = {
            let client = client.load()?;
            (client.owner, client.bump)
        };
        self.payments().pay_from_escrow(
            (self.accounts.escrow.as_ref(), to),
            client.as_ref(),
            (&owner, bump),
            amount,
        )
    }

    /// What a seat that agrees with the quorum is paid.
    fn payment(&self, seat: &Seat) -> Result<u64> {
        let units = seat.units.min(self.accounts.job.load()?.max_units);
        money::mul(seat.price, units)
    }

    /// Pays a seat that agrees with the quorum, and notes its points: the fee that its payment bears.
    #[inline(never)]
    fn pay(&mut self, index: usize) -> Result<()> {
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
            if provider.has_room(epoch) && bucket.has_room(epoch) {
                let points = money::share(amount, u64::from(fee_bps))?;
                provider.add_points(epoch, points)?;
                bucket.add_points(epoch, points)?;
                self.tally.points = money::add(self.tally.points, points)?;
            }
            provider.invariant()?;
        }
        self.accounts.job.load_mut()?.pay(amount)?;
        self.tally.paid = money::add(self.tally.paid, amount)?;
        self.tally.payments.push(Payment {
            provider: party.seat.provider,
            amount,
        });
        self.pay_out(party.earnings_vault, amount)?;
        self.shard.seats[party.at].status = SeatStatus::Agreed as u8;
        Ok(())
    }

    /// Charges the fee on what was paid.
    fn charge_fee(&mut self) -> Result<()> {
        let fee_bps = self.accounts.job.load()?.fee_bps;
        let fee = money::share(self.tally.paid, u64::from(fee_bps))?;
        self.accounts.job.load_mut()?.charge_fee(fee)?;
        self.tally.fee = fee;
        self.pay_out(self.accounts.payment_treasury.as_ref(), fee)
    }

    /// Lets a seat go with the penalty for a wrong or a late result; a wrong one compensates the
    /// client with half of it, up to what the shard cost.
    #[inline(never)]
    fn penalize(&mut self, index: usize, wrong: bool) -> Result<()> {
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

    /// Lets a seat go without payment or penalty.
    fn release(&mut self, index: usize) -> Result<()> {
        let party = &self.parties[index];
        let locked = self.accounts.job.load()?.seat_lock;
        let mut provider = party.provider.load_mut()?;
        provider.leave_seat(locked, 0)?;
        provider.invariant()?;
        self.tally.released.push(party.seat.provider);
        self.shard.seats[party.at].status = SeatStatus::Released as u8;
        Ok(())
    }

    /// Pays those who agree with seat `winner`, and lets the others go, the wrong ones with a penalty
    /// where `slash`.
    #[inline(never)]
    pub fn settle(&mut self, winner: usize, slash: bool) -> Result<()> {
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
    pub fn fail(&mut self) -> Result<()> {
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
    pub fn reopen(&mut self, slot: u64) -> Result<()> {
        for index in 0..self.parties.len() {
            if self.parties[index].late {
                self.penalize(index, false)?;
                self.shard.seats[self.parties[index].at] = Seat::default();
            }
        }
        let job = self.accounts.job.load()?;
        self.shard.reopen(&job, self.now, slot)
    }

    /// Decides about a challenge: the loser pays for the further seats. Where nobody else has shown a
    /// result, the challenged seat is paid out of the bond: its result is known, and a client must
    /// not get it for nothing by challenging it.
    #[inline(never)]
    fn decide(&mut self, result: Option<&Seat>) -> Result<()> {
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
        let heard = others.any(|party| party.seat.status() == SeatStatus::Revealed);
        let own = self.payment(&challenged.seat)?;
        let (mut bond_to_job, mut bond_to_provider, mut upheld) = (0, 0, false);
        match result {
            Some(result) if challenged.seat.agrees_with(result) => {
                let fee_bps = self.accounts.job.load()?.fee_bps;
                let others = money::sub(self.tally.paid, own)?;
                let cost = money::add(others, money::share(others, u64::from(fee_bps))?)?;
                bond_to_job = cost.min(bond);
            }
            Some(_) => upheld = true,
            None if !heard => bond_to_provider = own.min(bond),
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
        self.tally.decided = Some(Decision {
            upheld,
            bond_returned,
            bond_to_job,
            bond_to_provider,
        });
        Ok(())
    }

    /// Stores the shard, and says what happened.
    pub fn finish(self) -> Result<(Shard, Tally)> {
        ShardStore::of(&self.accounts.job, &self.accounts.shard)?.save(&self.shard)?;
        Ok((self.shard, self.tally))
    }
}
