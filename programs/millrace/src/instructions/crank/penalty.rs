//! Taking a penalty out of a provider's stake.

use crate::error::MillraceError;
use crate::events::StakeSlashed;
use crate::instructions::tokens::{Transfer, from_provider};
use crate::state::{Provider, Seat};
use anchor_lang::prelude::*;
use anchor_spl::token_interface::{Mint, TokenInterface};

/// A penalty for one seat.
pub struct Penalty<'a> {
    /// The seat as it was.
    pub seat: &'a Seat,
    /// Its place at the shard.
    pub at: u8,
    /// A wrong result, else a late one.
    pub wrong: bool,
    /// What to take, base units.
    pub amount: u64,
    /// Most of it that may go to the client, base units.
    pub compensation_cap: u64,
}

impl Penalty<'_> {
    /// Releases the seat, takes the penalty from the stake, and moves the tokens: half of it to the
    /// client's escrow up to the cap, the rest to the treasury.
    #[allow(clippy::too_many_arguments)]
    pub fn take<'info>(
        &self,
        provider: &AccountLoader<'info, Provider>,
        stake_mint: &InterfaceAccount<'info, Mint>,
        stake_vault: &AccountInfo<'info>,
        treasury: &AccountInfo<'info>,
        escrow: Option<&AccountInfo<'info>>,
        token_program: &Interface<'info, TokenInterface>,
        (job, shard): (Pubkey, u32),
    ) -> Result<Option<StakeSlashed>> {
        let (authority, bump, amount, active_after, unbonding_after) = {
            let mut p = provider.load_mut()?;
            let taken = p.leave_seat(self.seat.locked, self.amount)?;
            let count = if self.wrong {
                &mut p.wrong
            } else {
                &mut p.late
            };
            *count = count.saturating_add(1);
            p.invariant()?;
            (p.authority, p.bump, taken, p.active, p.unbonding)
        };
        if amount == 0 {
            return Ok(None);
        }
        let compensation = (amount / 2).min(self.compensation_cap);
        let send = |to: &AccountInfo<'info>, amount: u64| {
            let transfer = Transfer {
                program: token_program,
                mint: stake_mint,
                from: stake_vault.clone(),
                to: to.clone(),
                authority: provider.to_account_info(),
            };
            from_provider(transfer, &authority, bump, amount)
        };
        if compensation > 0 {
            send(escrow.ok_or(MillraceError::WrongAccount)?, compensation)?;
        }
        send(treasury, amount - compensation)?;
        Ok(Some(StakeSlashed {
            provider: provider.key(),
            job,
            shard,
            seat: self.at,
            wrong: self.wrong,
            amount,
            compensation,
            active_after,
            unbonding_after,
        }))
    }
}
