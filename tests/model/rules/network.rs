//! Actions of the network's authority and its pauser.

use crate::action::Action;
use crate::world::{ModelResult, Party, TOO_FEW, Vault, World, need};
use millrace_program::state::NetworkParameters;

impl World {
    pub(crate) fn apply_of_network(&mut self, action: &Action) -> ModelResult {
        match *action {
            Action::Pause { by } => self.pause(by, true),
            Action::Resume { by } => self.pause(by, false),
            Action::SetPauser { by, to } => {
                need(by == self.authority, "NotAuthorized")?;
                self.pauser = to;
                Ok(())
            }
            Action::ProposeAuthority { by, to } => {
                need(by == self.authority, "NotAuthorized")?;
                self.pending = to;
                Ok(())
            }
            Action::AcceptAuthority { by } => {
                need(self.pending == Some(by), "NotAuthorized")?;
                self.authority = by;
                self.pending = None;
                Ok(())
            }
            Action::SetParameters { by, ref parameters } => self.set_parameters(by, parameters),
            Action::WithdrawTreasury {
                by,
                bucket,
                to,
                amount,
            } => self.withdraw_treasury(by, Vault::Treasury(bucket), to, amount),
            _ => unreachable!("{action:?} is not the authority's"),
        }
    }

    fn pause(&mut self, by: Party, paused: bool) -> ModelResult {
        need(by == self.pauser, "NotAuthorized")?;
        self.paused = paused;
        Ok(())
    }

    fn set_parameters(&mut self, by: Party, to: &NetworkParameters) -> ModelResult {
        need(by == self.authority, "NotAuthorized")?;
        need(fit(to, self.one_mint), "ParameterOutOfBounds")?;
        self.parameters = *to;
        Ok(())
    }

    fn withdraw_treasury(&mut self, by: Party, from: Vault, to: Vault, amount: u64) -> ModelResult {
        need(by == self.authority, "NotAuthorized")?;
        need(amount > 0, "AmountZero")?;
        let fits = self.need_mint(from.mint(), to);
        // An account of the other token program is refused before amounts are checked.
        if self.newer[0] != self.newer[1] {
            fits?;
        }
        need(self.vaults.get(from) >= amount, TOO_FEW)?;
        fits?;
        self.vaults.send(from, to, amount);
        Ok(())
    }
}

/// Whether the parameters are within the documented bounds.
pub(super) fn fit(p: &NetworkParameters, one_mint: bool) -> bool {
    const DAY: u32 = 86_400;
    p.min_stake >= 1
        && (1..=10_000_000).contains(&p.lock_bps)
        && p.sortition_start >= 1
        && (p.max_deadline_secs..=90 * DAY).contains(&p.unbonding_secs)
        && (!one_mint || p.reward_bps <= 10_000)
        && u64::from(p.min_window_secs) > u64::from(p.accept_secs) + 2
        && p.min_window_secs <= p.max_window_secs
        && p.max_window_secs <= DAY
        && (1..=30 * DAY).contains(&p.max_deadline_secs)
        && (1..=1_024).contains(&p.max_shards)
        && (1..=5).contains(&p.max_replicas)
        && p.fee_bps <= 1_000
        && p.slash_bps <= 10_000
        && p.late_bps <= 2_500
        && (1..=64).contains(&p.draw_slots)
}
