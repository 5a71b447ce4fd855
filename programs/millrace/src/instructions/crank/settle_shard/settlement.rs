//! Carrying out a verdict: what each seat gets and loses, and where a challenge's bond goes.
//!
//! Steps that hold much on the stack, of which a program has 4 KiB a call, are kept apart.

use super::accounts::SettleShard;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{Payment, StakeSlashed};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Provider, Seat, SeatStatus, Shard, ShardStore};

/// An occupied seat with the accounts that its money moves through.
pub(super) struct Party<'info> {
    pub(super) at: usize,
    pub(super) seat: Seat,
    pub(super) late: bool,
    pub(super) provider: AccountLoader<'info, Provider>,
    pub(super) earnings_vault: &'info AccountInfo<'info>,
    pub(super) stake_vault: &'info AccountInfo<'info>,
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
    pub(super) accounts: &'a SettleShard<'info>,
    pub(super) shard: Shard,
    pub(super) parties: Vec<Party<'info>>,
    pub(super) now: i64,
    pub(super) tally: Tally,
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
    pub(super) fn pay_out(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
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

    /// Stores the shard, and says what happened.
    pub fn finish(self) -> Result<(Shard, Tally)> {
        ShardStore::of(&self.accounts.job, &self.accounts.shard)?.save(&self.shard)?;
        Ok((self.shard, self.tally))
    }
}
