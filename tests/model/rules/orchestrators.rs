//! Registration, bonds and retirement of orchestrators.

use crate::rules::jobs::rent;
use crate::world::{
    IN_USE, Mint, ModelError, ModelResult, NOT_THERE, Orchestrator, Party, Vault, World, need,
};

/// Size of an orchestrator's account.
const ORCHESTRATOR_BYTES: u64 = 152;

impl World {
    /// Rent of an orchestrator's two accounts.
    pub(crate) fn orchestrator_rent(&self) -> u64 {
        rent(ORCHESTRATOR_BYTES) + self.vault_rent(Mint::Stake)
    }

    /// `register_orchestrator`.
    pub(crate) fn register_orchestrator(&mut self, by: Party, orchestrator: usize) -> ModelResult {
        need(self.orchestrators[orchestrator].is_none(), IN_USE)?;
        need(by == self.authority, "NotAuthorized")?;
        self.orchestrators[orchestrator] = Some(Orchestrator {
            active: true,
            retired_at: 0,
            bonded: 0,
            payer: by,
        });
        self.lamports[by.at()] -= self.orchestrator_rent();
        Ok(())
    }

    fn orchestrator_mut(&mut self, orchestrator: usize) -> ModelResult<&mut Orchestrator> {
        self.orchestrators[orchestrator]
            .as_mut()
            .ok_or(ModelError(NOT_THERE))
    }

    /// `bond`.
    pub(crate) fn bond(&mut self, by: Party, orchestrator: usize, amount: u64) -> ModelResult {
        let active = self.orchestrator_mut(orchestrator)?.active;
        need(amount > 0, "AmountZero")?;
        need(active, "OrchestratorInactive")?;
        self.spend(by, Mint::Stake, Vault::Bond(orchestrator), amount)?;
        self.orchestrator_mut(orchestrator)?.bonded += amount;
        Ok(())
    }

    /// `retire_orchestrator`.
    pub(crate) fn retire_orchestrator(&mut self, by: Party, orchestrator: usize) -> ModelResult {
        let may = [self.authority, Party::Orchestrator(orchestrator)].contains(&by);
        let now = self.now;
        let book = self.orchestrator_mut(orchestrator)?;
        need(may, "NotAuthorized")?;
        need(book.active, "OrchestratorInactive")?;
        book.active = false;
        book.retired_at = now;
        Ok(())
    }

    /// `withdraw_bond`.
    pub(crate) fn withdraw_bond(&mut self, orchestrator: usize, payer: Party) -> ModelResult {
        let now = self.now;
        let wait = i64::from(self.parameters.unbonding_secs);
        let book = self.orchestrator_mut(orchestrator)?;
        need(payer == book.payer, "WrongAccount")?;
        need(!book.active, "OrchestratorActive")?;
        need(now >= book.retired_at + wait, "TooEarly")?;
        let token_account = Vault::Wallet(Party::Orchestrator(orchestrator), Mint::Stake);
        self.empty(Vault::Bond(orchestrator), token_account);
        self.orchestrators[orchestrator] = None;
        self.lamports[payer.at()] += self.orchestrator_rent();
        Ok(())
    }
}
