//! What the network's authority and its pauser do.

use crate::act::Act;
use crate::world::{Says, TOO_FEW, Vault, Who, World, need};
use millrace_program::state::NetworkParameters;

impl World {
    /// An act of who rules the network.
    pub fn apply_of_network(&mut self, act: &Act) -> Says {
        match *act {
            Act::Pause { by } => self.pause(by, true),
            Act::Resume { by } => self.pause(by, false),
            Act::SetPauser { by, to } => {
                need(by == self.authority, "NotAuthorized")?;
                self.pauser = to;
                Ok(())
            }
            Act::Propose { by, to } => {
                need(by == self.authority, "NotAuthorized")?;
                self.pending = to;
                Ok(())
            }
            Act::Accept { by } => {
                need(self.pending == Some(by), "NotAuthorized")?;
                self.authority = by;
                self.pending = None;
                Ok(())
            }
            Act::Parameters { by, ref parameters } => self.set_parameters(by, parameters),
            Act::WithdrawTreasury {
                by,
                mint,
                bucket,
                to,
                amount,
            } => self.withdraw_treasury(by, Vault::Treasury(mint, bucket), to, amount),
            _ => unreachable!("{act:?} is not the authority's"),
        }
    }

    fn pause(&mut self, by: Who, paused: bool) -> Says {
        need(by == self.pauser, "NotAuthorized")?;
        self.paused = paused;
        Ok(())
    }

    fn set_parameters(&mut self, by: Who, to: &NetworkParameters) -> Says {
        need(by == self.authority, "NotAuthorized")?;
        need(fit(to), "ParameterOutOfBounds")?;
        self.parameters = *to;
        Ok(())
    }

    fn withdraw_treasury(&mut self, by: Who, from: Vault, to: Vault, amount: u64) -> Says {
        need(by == self.authority, "NotAuthorized")?;
        need(amount > 0, "AmountZero")?;
        let fits = self.need_mint(from.mint(), to);
        // A token account of the other token program is none, and that is seen before amounts are.
        if self.newer[0] != self.newer[1] {
            fits?;
        }
        need(self.vaults.get(from) >= amount, TOO_FEW)?;
        fits?;
        self.vaults.send(from, to, amount);
        Ok(())
    }
}

/// Whether parameters are within the bounds of the document's table.
pub fn fit(p: &NetworkParameters) -> bool {
    const DAY: u32 = 86_400;
    p.min_stake >= 1
        && (1..=10_000_000).contains(&p.lock_bps)
        && p.sortition_start >= 1
        && (p.max_deadline_secs..=90 * DAY).contains(&p.unbonding_secs)
        && (1..=p.max_window_secs).contains(&p.min_window_secs)
        && p.max_window_secs <= DAY
        && p.accept_secs <= 3_600
        && (1..=30 * DAY).contains(&p.max_deadline_secs)
        && (1..=1_024).contains(&p.max_shards)
        && (1..=5).contains(&p.max_replicas)
        && p.fee_bps <= 1_000
        && p.slash_bps <= 10_000
        && p.late_bps <= 2_500
        && p.bounty_bps <= 5_000
        && (1..=64).contains(&p.draw_slots)
}
