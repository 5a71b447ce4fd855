//! The state of a settlement: the shard, the accounts of its seats, and the totals.
//!
//! Steps that need much of the stack (4 KiB for each call) are functions that are never inlined.

use super::accounts::SettleShard;
use crate::constants::MAX_SEATS;
use crate::error::MillraceError;
use crate::events::{Payment, StakeSlashed};
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::{Provider, Seat, SeatStatus, Shard, ShardStore};

/// A live seat, with the accounts that its tokens move through.
pub(super) struct SeatAccounts<'info> {
    pub(super) at: usize,
    pub(super) seat: Seat,
    pub(super) late: bool,
    pub(super) provider: AccountLoader<'info, Provider>,
    pub(super) earnings_vault: &'info AccountInfo<'info>,
    pub(super) stake_vault: &'info AccountInfo<'info>,
}

/// The outcome of a challenge. Amounts are base units of the payment mint.
pub(super) struct ChallengeOutcome {
    /// Whether the challenged result differs from the quorum's.
    pub upheld: bool,
    /// Part of the bond returned to the challenger.
    pub bond_returned: u64,
    /// Part of the bond that pays for the additional seats.
    pub bond_to_job: u64,
    /// Part of the bond that pays the challenged seat.
    pub bond_to_provider: u64,
}

/// The sums and the events of a settlement.
#[derive(Default)]
pub(super) struct Totals {
    /// Paid to providers, base units.
    pub paid: u64,
    /// Paid to the treasury, base units.
    pub fee: u64,
    /// Points given to providers.
    pub points: u64,
    /// The payments of the seats that agreed.
    pub payments: Vec<Payment>,
    /// Providers whose seats ended without payment or penalty.
    pub released: Vec<Pubkey>,
    pub slashes: Vec<StakeSlashed>,
    pub challenge: Option<ChallengeOutcome>,
}

impl Totals {
    /// What the client's jobs hold after the settlement: less the tokens that left the escrow vault. A bond
    /// that pays for seats stays in the vault.
    pub(super) fn client_held(&self, before: u64) -> Result<u64> {
        let mut held = money::sub(before, money::add(self.paid, self.fee)?)?;
        if let Some(challenge) = &self.challenge {
            let out = money::add(challenge.bond_returned, challenge.bond_to_provider)?;
            held = money::sub(held, out)?;
        }
        Ok(held)
    }
}

pub(super) struct Settlement<'a, 'info> {
    pub(super) accounts: &'a SettleShard<'info>,
    pub(super) shard: Shard,
    pub(super) parties: Vec<SeatAccounts<'info>>,
    pub(super) now: i64,
    pub(super) totals: Totals,
}

impl<'a, 'info> Settlement<'a, 'info> {
    /// Matches the remaining accounts with the live seats.
    ///
    /// # Errors
    /// [`MillraceError::WrongListLength`], [`MillraceError::WrongAccount`].
    #[inline(never)]
    pub(super) fn new(
        accounts: &'a SettleShard<'info>,
        shard: Shard,
        remaining: &'info [AccountInfo<'info>],
        now: i64,
    ) -> Result<Self> {
        // A seat that committed is late only if it could have revealed.
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
            parties.push(SeatAccounts {
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
            totals: Totals::default(),
        })
    }

    fn payments(&self) -> TokenTransfer<'a, 'info> {
        TokenTransfer {
            program: &self.accounts.payment_token_program,
            mint: self.accounts.payment_mint.as_ref(),
        }
    }

    /// Transfers payment tokens from the client's escrow vault.
    pub(super) fn pay_out(&self, to: &AccountInfo<'info>, amount: u64) -> Result<()> {
        let client = &self.accounts.client;
        let (owner, bump) = {
            let client = client.load()?;
            (client.owner, client.bump)
        };
        self.payments().pay_from_escrow(
            self.accounts.escrow.as_ref(),
            to,
            client.as_ref(),
            &owner,
            bump,
            amount,
        )
    }

    /// Stores the shard.
    pub(super) fn finish(self) -> Result<(Shard, Totals)> {
        ShardStore::new(&self.accounts.job, &self.accounts.shard)?.save(&self.shard)?;
        Ok((self.shard, self.totals))
    }
}
