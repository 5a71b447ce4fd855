use super::penalty::Penalty;
use crate::constants::{MAX_SEATS, seeds};
use crate::error::MillraceError;
use crate::events::{ShardFailed, ShardReopened, ShardSettled, StakeSlashed};
use crate::instructions::tokens::{Transfer, from_escrow};
use crate::math::money;
use crate::math::verdict::{Verdict, verdict};
use crate::state::{
    Client, Job, Network, Provider, Seat, SeatStatus, Shard, ShardState, treasury_bucket,
};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface};

/// Accounts of `settle_shard`; after them, for each occupied seat in the order of the seats: the
/// provider, its earnings vault, its stake vault.
#[event_cpi]
#[derive(Accounts)]
pub struct SettleShard<'info> {
    /// The network.
    pub network: AccountLoader<'info, Network>,
    /// The client.
    #[account(mut, has_one = escrow @ MillraceError::WrongAccount)]
    pub client: Account<'info, Client>,
    /// The job.
    #[account(mut)]
    pub job: AccountLoader<'info, Job>,
    /// The shard.
    #[account(mut, has_one = job @ MillraceError::WrongAccount)]
    pub shard: AccountLoader<'info, Shard>,
    /// The client's escrow vault.
    /// CHECK: the client's account names it, see `has_one` above.
    #[account(mut)]
    pub escrow: UncheckedAccount<'info>,
    /// Mint of payments.
    pub payment_mint: InterfaceAccount<'info, Mint>,
    /// The treasury vault for fees.
    #[account(
        mut,
        dup,
        seeds = [seeds::TREASURY, payment_mint.key().as_ref(), &[treasury_bucket(&job.key())]],
        bump = network.load()?.treasury_bump(&payment_mint.key(), treasury_bucket(&job.key()))?,
    )]
    pub fee_treasury: InterfaceAccount<'info, TokenAccount>,
    /// Mint of stake.
    pub stake_mint: InterfaceAccount<'info, Mint>,
    /// The treasury vault for penalties; the same as for fees where the mints are the same.
    #[account(
        mut,
        dup,
        seeds = [seeds::TREASURY, stake_mint.key().as_ref(), &[treasury_bucket(&job.key())]],
        bump = network.load()?.treasury_bump(&stake_mint.key(), treasury_bucket(&job.key()))?,
    )]
    pub slash_treasury: InterfaceAccount<'info, TokenAccount>,
    /// Token program.
    pub token_program: Interface<'info, TokenInterface>,
}

/// An occupied seat with the accounts that its money moves through.
struct Party<'info> {
    at: usize,
    seat: Seat,
    late: bool,
    provider: AccountLoader<'info, Provider>,
    earnings_vault: &'info AccountInfo<'info>,
    stake_vault: &'info AccountInfo<'info>,
}

/// What the seats of a shard got and lost.
#[derive(Default)]
struct Tally {
    paid: u64,
    fee: u64,
    slashes: Vec<StakeSlashed>,
}

impl<'info> SettleShard<'info> {
    fn validate(&self) -> Result<()> {
        // shard
        require!(self.shard.load()?.is_live(), MillraceError::ShardState);

        // client: the vault is checked by `has_one`
        let job = self.job.load()?;
        require_keys_eq!(self.client.owner, job.client, MillraceError::WrongAccount);

        // mints: each treasury is checked by its seeds
        let network = self.network.load()?;
        require_keys_eq!(
            self.payment_mint.key(),
            network.payment_mint,
            MillraceError::WrongAccount
        );
        require_keys_eq!(
            self.stake_mint.key(),
            network.stake_mint,
            MillraceError::WrongAccount
        );
        Ok(())
    }

    /// Matches the remaining accounts with the occupied seats.
    fn parties(
        &self,
        accounts: &'info [AccountInfo<'info>],
        now: i64,
    ) -> Result<Vec<Party<'info>>> {
        let shard = self.shard.load()?;
        // Who committed is late only if it could have revealed.
        let could_reveal = shard.reveals_open(self.job.load()?.quorum, now);
        let mut triples = accounts.chunks_exact(3);
        let mut parties = Vec::with_capacity(MAX_SEATS);
        for (at, seat) in shard.seats.iter().enumerate().filter(|(_, s)| s.is_live()) {
            let Some([provider, earnings_vault, stake_vault]) = triples.next() else {
                return err!(MillraceError::ListLength);
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
        require!(!rest, MillraceError::ListLength);
        Ok(parties)
    }

    fn mark(&self, party: &Party, status: SeatStatus) -> Result<()> {
        self.shard.load_mut()?.seats[party.at].status = status as u8;
        Ok(())
    }

    /// Pays a seat that agrees with the quorum.
    fn pay(&self, party: &Party<'info>, tally: &mut Tally) -> Result<()> {
        let units = party.seat.units.min(self.job.load()?.max_units);
        let amount = money::mul(party.seat.price, units)?;
        {
            let mut provider = party.provider.load_mut()?;
            provider.leave_seat(party.seat.locked, 0)?;
            provider.earn(amount)?;
            provider.invariant()?;
        }
        self.job.load_mut()?.pay(amount)?;
        tally.paid = money::add(tally.paid, amount)?;
        let transfer = Transfer {
            program: &self.token_program,
            mint: &self.payment_mint,
            from: self.escrow.to_account_info(),
            to: party.earnings_vault.to_account_info(),
            authority: self.client.to_account_info(),
        };
        from_escrow(transfer, &self.client.owner, self.client.bump, amount)?;
        self.mark(party, SeatStatus::Right)
    }

    /// Charges the fee on what was paid.
    fn charge_fee(&self, tally: &mut Tally) -> Result<()> {
        let fee = money::share(tally.paid, u64::from(self.job.load()?.fee_bps))?;
        self.job.load_mut()?.charge_fee(fee)?;
        tally.fee = fee;
        let transfer = Transfer {
            program: &self.token_program,
            mint: &self.payment_mint,
            from: self.escrow.to_account_info(),
            to: self.fee_treasury.to_account_info(),
            authority: self.client.to_account_info(),
        };
        from_escrow(transfer, &self.client.owner, self.client.bump, fee)
    }

    /// Lets a seat go with the penalty for a wrong or a late result; a wrong one compensates the
    /// client with half of it, up to what the shard cost.
    fn penalize(&self, party: &Party<'info>, wrong: bool, tally: &mut Tally) -> Result<()> {
        let (slash_bps, late_bps) = {
            let job = self.job.load()?;
            (job.slash_bps, job.late_bps)
        };
        let bps = if wrong { slash_bps } else { late_bps };
        let compensated: u64 = tally.slashes.iter().map(|s| s.compensation).sum();
        let cost = money::add(tally.paid, tally.fee)?;
        let one_mint = self.network.load()?.one_mint();
        let penalty = Penalty {
            seat: &party.seat,
            at: party.at as u8,
            wrong,
            amount: money::share(party.seat.locked, u64::from(bps))?,
            compensation_cap: if wrong && one_mint {
                cost.saturating_sub(compensated)
            } else {
                0
            },
        };
        let place = {
            let shard = self.shard.load()?;
            (shard.job, shard.index)
        };
        let taken = penalty.take(
            &party.provider,
            &self.stake_mint,
            party.stake_vault,
            &self.slash_treasury.to_account_info(),
            Some(self.escrow.as_ref()),
            &self.token_program,
            place,
        )?;
        if let Some(event) = taken {
            self.job.load_mut()?.compensate(event.compensation)?;
            tally.slashes.push(event);
        }
        self.mark(
            party,
            if wrong {
                SeatStatus::Wrong
            } else {
                SeatStatus::Late
            },
        )
    }

    /// Lets a seat go without payment or penalty.
    fn release(&self, party: &Party<'info>) -> Result<()> {
        let mut provider = party.provider.load_mut()?;
        provider.leave_seat(party.seat.locked, 0)?;
        provider.invariant()?;
        self.mark(party, SeatStatus::Released)
    }

    fn settle(&self, parties: &[Party<'info>], winner: usize, slash: bool) -> Result<Tally> {
        let mut tally = Tally::default();
        let result = self.shard.load()?.seats[winner];
        let (mut right, mut others) = (Vec::new(), Vec::new());
        for party in parties {
            let agrees = party.seat.agrees_with(&result);
            if agrees {
                right.push(party)
            } else {
                others.push(party)
            }
        }
        for party in right {
            self.pay(party, &mut tally)?;
        }
        self.charge_fee(&mut tally)?;
        for party in others {
            let wrong = party.seat.status() == SeatStatus::Revealed;
            if party.late || (wrong && slash) {
                self.penalize(party, wrong, &mut tally)?;
            } else {
                self.release(party)?;
            }
        }
        let mut shard = self.shard.load_mut()?;
        shard.root = result.digest;
        shard.units = result.units;
        shard.state = ShardState::Settled as u8;
        self.job.load_mut()?.settled += 1;
        Ok(tally)
    }

    fn fail(&self, parties: &[Party<'info>]) -> Result<Tally> {
        let mut tally = Tally::default();
        for party in parties {
            if party.late {
                self.penalize(party, false, &mut tally)?;
            } else {
                self.release(party)?;
            }
        }
        self.shard.load_mut()?.state = ShardState::Failed as u8;
        self.job.load_mut()?.failed += 1;
        Ok(tally)
    }

    /// Frees the seats of the late and opens as many as the job allows.
    fn reopen(&self, parties: &[Party<'info>], now: i64) -> Result<Tally> {
        let mut tally = Tally::default();
        for party in parties.iter().filter(|p| p.late) {
            self.penalize(party, false, &mut tally)?;
            self.shard.load_mut()?.seats[party.at] = Seat::default();
        }
        let job = self.job.load()?;
        let mut shard = self.shard.load_mut()?;
        shard.attempt = shard
            .attempt
            .checked_add(1)
            .ok_or(MillraceError::AmountOverflow)?;
        shard.target = job.max_replicas;
        shard.start_round(&job, now)?;
        Ok(tally)
    }

    /// Books on the client's side what left the escrow vault and what came in.
    fn book(&mut self, tally: &Tally) -> Result<()> {
        let out = money::add(tally.paid, tally.fee)?;
        let mut held = money::sub(self.client.held, out)?;
        for slash in &tally.slashes {
            held = money::add(held, slash.compensation)?;
        }
        self.client.held = held;
        self.job.load()?.invariant()
    }
}

/// Pays, slashes, reopens or fails a shard.
pub fn settle_shard<'info>(ctx: Context<'info, SettleShard<'info>>) -> Result<()> {
    ctx.accounts.validate()?;
    let now = Clock::get()?.unix_timestamp;
    let verdict = {
        let shard = ctx.accounts.shard.load()?;
        let job = ctx.accounts.job.load()?;
        verdict(&shard.seats, &shard.question(&job, now))
    };
    require!(verdict != Verdict::Wait, MillraceError::NotDue);
    let parties = ctx.accounts.parties(ctx.remaining_accounts, now)?;
    let tally = match verdict {
        Verdict::Wait => Tally::default(),
        Verdict::Settle { winner, slash } => ctx.accounts.settle(&parties, winner, slash)?,
        Verdict::Fail => ctx.accounts.fail(&parties)?,
        Verdict::Reopen => ctx.accounts.reopen(&parties, now)?,
    };
    ctx.accounts.book(&tally)?;

    let Tally { paid, fee, slashes } = tally;
    for slash in slashes {
        emit_cpi!(slash);
    }
    let (job, held_after) = (ctx.accounts.job.key(), ctx.accounts.job.load()?.held);
    let (shard, attempt, target, root, units) = {
        let s = ctx.accounts.shard.load()?;
        (s.index, s.attempt, s.target, s.root, s.units)
    };
    match verdict {
        Verdict::Settle { .. } => {
            emit_cpi!(ShardSettled {
                job,
                shard,
                root,
                units,
                paid,
                fee,
                held_after
            });
        }
        Verdict::Reopen => emit_cpi!(ShardReopened {
            job,
            shard,
            attempt,
            target
        }),
        Verdict::Fail | Verdict::Wait => emit_cpi!(ShardFailed { job, shard }),
    }
    Ok(())
}
