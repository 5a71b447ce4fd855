//! Penalties: stake that a wrong or late seat loses.

use crate::error::MillraceError;
use crate::events::StakeSlashed;
use crate::instructions::tokens::TokenTransfer;
use crate::math::money;
use crate::prelude::*;
use crate::state::Provider;

/// A penalty for one seat.
pub(super) struct Penalty {
    /// Index of the seat.
    pub seat: u8,
    /// Stake that the seat locks, base units.
    pub locked: u64,
    /// True for a result that differs from the quorum's, false for a late seat.
    pub disagreed: bool,
    /// The penalty, basis points of the lock.
    pub bps: u16,
    /// Maximum compensation of the client, base units.
    pub compensation_cap: u64,
}

impl Penalty {
    /// Unlocks the seat's stake, takes the penalty from it, and moves the tokens: up to the cap to the
    /// client's escrow, and the rest is burnt. No party to a verdict gains by a penalty.
    ///
    /// # Errors
    /// [`MillraceError::WrongAccount`] if a client is compensated without its escrow.
    pub(super) fn apply<'info>(
        &self,
        provider: &AccountLoader<'info, Provider>,
        tokens: &TokenTransfer<'_, 'info>,
        stake_vault: &AccountInfo<'info>,
        escrow: Option<&AccountInfo<'info>>,
        job: Pubkey,
        shard: u32,
    ) -> Result<StakeSlashed> {
        let wanted = money::share(self.locked, u64::from(self.bps))?;
        let (authority, bump, amount, active_after, unbonding_after) = {
            let mut p = provider.load_mut()?;
            let taken = p.leave_seat(self.locked, wanted)?;
            let count = if self.disagreed {
                &mut p.disagreed
            } else {
                &mut p.late
            };
            *count = count.saturating_add(1);
            p.invariant()?;
            (p.authority, p.bump, taken, p.active, p.unbonding)
        };
        let compensation = amount.min(self.compensation_cap);
        if compensation > 0 {
            let escrow = escrow.ok_or_else(|| MillraceError::WrongAccount.into_program_error())?;
            let from = provider.as_ref();
            tokens.pay_from_provider(stake_vault, escrow, from, &authority, bump, compensation)?;
        }
        let burnt = money::sub(amount, compensation)?;
        tokens.burn_from_provider(stake_vault, provider.as_ref(), &authority, bump, burnt)?;
        Ok(StakeSlashed {
            provider: provider.key(),
            job,
            shard,
            seat: self.seat,
            disagreed: self.disagreed,
            amount,
            compensation,
            active_after,
            unbonding_after,
        })
    }
}
