//! Taking a penalty out of a provider's stake.

use crate::error::MillraceError;
use crate::events::StakeSlashed;
use crate::instructions::tokens::TokenTransfer;
use crate::math::money::share;
use crate::prelude::*;
use crate::state::Provider;

/// A penalty for one seat.
pub struct Penalty {
    /// Its place at the shard.
    pub at: u8,
    /// Stake that it locked, base units.
    pub locked: u64,
    /// A wrong result, else a late one.
    pub disagreed: bool,
    /// Share of the lock that is taken, basis points.
    pub bps: u16,
    /// Share of what is taken, less compensation, that goes to the finders, basis points: half to each.
    pub bounty_bps: u16,
    /// Most of it that may go to the client, base units.
    pub compensation_cap: u64,
}

/// Where the tokens of a penalty go.
pub struct PenaltyRecipients<'a, 'info> {
    /// The treasury vault, which gets what is left.
    pub treasury: &'a AccountInfo<'info>,
    /// The client's escrow vault, for a compensation.
    pub escrow: Option<&'a AccountInfo<'info>>,
    /// Token accounts of those who get a bounty: who cranked, and who challenged.
    pub bounties: [Option<&'a AccountInfo<'info>>; 2],
}

impl Penalty {
    /// Releases the seat, takes the penalty from the stake, and moves the tokens: half of it to the
    /// client's escrow up to the cap, the bounties to the finders, the rest to the treasury.
    pub fn take<'info>(
        &self,
        provider: &AccountLoader<'info, Provider>,
        tokens: &TokenTransfer<'_, 'info>,
        stake_vault: &AccountInfo<'info>,
        recipients: &PenaltyRecipients<'_, 'info>,
        (job, shard): (Pubkey, u32),
    ) -> Result<StakeSlashed> {
        let wanted = share(self.locked, u64::from(self.bps))?;
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
            let vaults = (stake_vault, to);
            tokens.pay_from_provider(vaults, provider.as_ref(), (&authority, bump), amount)
        };
        let compensation = (amount / 2).min(self.compensation_cap);
        if compensation > 0 {
            let escrow = recipients
                .escrow
                .ok_or_else(|| MillraceError::WrongAccount.into_program_error())?;
            send(escrow, compensation)?;
        }
        // At most half for both finders together, so something is always left.
        let bounty = share(amount - compensation, u64::from(self.bounty_bps / 2))?;
        let mut left = amount - compensation;
        for finder in recipients.bounties.into_iter().flatten() {
            send(finder, bounty)?;
            left -= bounty;
        }
        send(recipients.treasury, left)?;
        Ok(StakeSlashed {
            provider: provider.key(),
            job,
            shard,
            seat: self.at,
            disagreed: self.disagreed,
            amount,
            compensation,
            bounties: amount - compensation - left,
            active_after,
            unbonding_after,
        })
    }
}
