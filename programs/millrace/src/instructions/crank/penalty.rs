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
    /// Bounties, basis points of the penalty less compensation: half for each recipient.
    pub bounty_bps: u16,
    /// Maximum compensation of the client, base units.
    pub compensation_cap: u64,
}

/// The token accounts that receive a penalty.
pub(super) struct PenaltyRecipients<'a, 'info> {
    /// The treasury vault, which receives the remainder.
    pub treasury: &'a AccountInfo<'info>,
    /// The client's escrow vault, for the compensation.
    pub escrow: Option<&'a AccountInfo<'info>>,
    /// The accounts of the signer who cranked and of the challenger.
    pub bounties: [Option<&'a AccountInfo<'info>>; 2],
}

impl Penalty {
    /// Unlocks the seat's stake, takes the penalty from it, and moves the tokens: half of the penalty to
    /// the client's escrow, up to the cap; the bounties; the remainder to the treasury.
    pub(super) fn apply<'info>(
        &self,
        provider: &AccountLoader<'info, Provider>,
        tokens: &TokenTransfer<'_, 'info>,
        stake_vault: &AccountInfo<'info>,
        recipients: &PenaltyRecipients<'_, 'info>,
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
        let send = |to: &AccountInfo<'info>, amount: u64| {
            let provider = provider.as_ref();
            tokens.pay_from_provider(stake_vault, to, provider, &authority, bump, amount)
        };
        let compensation = (amount / 2).min(self.compensation_cap);
        if compensation > 0 {
            let escrow = recipients
                .escrow
                .ok_or_else(|| MillraceError::WrongAccount.into_program_error())?;
            send(escrow, compensation)?;
        }
        let uncompensated = money::sub(amount, compensation)?;
        // Both bounties together are at most half of the amount.
        let bounty = money::share(uncompensated, u64::from(self.bounty_bps / 2))?;
        let mut left = uncompensated;
        for recipient in recipients.bounties.into_iter().flatten() {
            send(recipient, bounty)?;
            left = money::sub(left, bounty)?;
        }
        send(recipients.treasury, left)?;
        Ok(StakeSlashed {
            provider: provider.key(),
            job,
            shard,
            seat: self.seat,
            disagreed: self.disagreed,
            amount,
            compensation,
            bounties: money::sub(uncompensated, left)?,
            active_after,
            unbonding_after,
        })
    }
}
