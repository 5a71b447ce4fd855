//! Penalties: stake that a wrong or late seat loses.

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
}

impl Penalty {
    /// Unlocks the seat's stake, takes the penalty from it, and burns it. No one receives a part: a client
    /// that pays its own seats could not be told from one that was cheated.
    pub(super) fn apply<'info>(
        &self,
        provider: &AccountLoader<'info, Provider>,
        tokens: &TokenTransfer<'_, 'info>,
        stake_vault: &AccountInfo<'info>,
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
        tokens.burn_from_provider(stake_vault, provider.as_ref(), &authority, bump, amount)?;
        Ok(StakeSlashed {
            provider: provider.key(),
            job,
            shard,
            seat: self.seat,
            disagreed: self.disagreed,
            amount,
            active_after,
            unbonding_after,
        })
    }
}
