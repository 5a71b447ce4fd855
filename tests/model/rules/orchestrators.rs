//! Orchestrators: coming, their bonds, and going.

use crate::rules::jobs::rent;
use crate::world::{Conductor, IN_USE, Mint, NOT_THERE, No, Says, Vault, Who, World, need};

/// Bytes of an orchestrator's account.
const CONDUCTOR_BYTES: u64 = 152;

impl World {
    /// Rent of an orchestrator's two accounts.
    pub fn conductor_rent(&self) -> u64 {
        rent(CONDUCTOR_BYTES) + self.vault_rent(Mint::Stake)
    }

    /// `register_orchestrator`.
    pub fn appoint(&mut self, by: Who, conductor: usize) -> Says {
        need(self.conductors[conductor].is_none(), IN_USE)?;
        need(by == self.authority, "NotAuthorized")?;
        self.conductors[conductor] = Some(Conductor {
            active: true,
            retired_at: 0,
            bonded: 0,
            payer: by,
        });
        self.lamports[by.at()] -= self.conductor_rent();
        Ok(())
    }

    fn conductor_mut(&mut self, conductor: usize) -> Says<&mut Conductor> {
        self.conductors[conductor].as_mut().ok_or(No(NOT_THERE))
    }

    /// `bond`.
    pub fn bond(&mut self, by: Who, conductor: usize, amount: u64) -> Says {
        let active = self.conductor_mut(conductor)?.active;
        need(amount > 0, "AmountZero")?;
        need(active, "OrchestratorInactive")?;
        self.spend(by, Mint::Stake, Vault::Bond(conductor), amount)?;
        self.conductor_mut(conductor)?.bonded += amount;
        Ok(())
    }

    /// `retire_orchestrator`.
    pub fn retire(&mut self, by: Who, conductor: usize) -> Says {
        let may = [self.authority, Who::Conductor(conductor)].contains(&by);
        let now = self.now;
        let book = self.conductor_mut(conductor)?;
        need(may, "NotAuthorized")?;
        need(book.active, "OrchestratorInactive")?;
        book.active = false;
        book.retired_at = now;
        Ok(())
    }

    /// `withdraw_bond`.
    pub fn withdraw_bond(&mut self, conductor: usize, payer: Who) -> Says {
        let now = self.now;
        let wait = i64::from(self.parameters.unbonding_secs);
        let book = self.conductor_mut(conductor)?;
        need(payer == book.payer, "WrongAccount")?;
        need(!book.active, "OrchestratorActive")?;
        need(now >= book.retired_at + wait, "TooEarly")?;
        let purse = Vault::Purse(Who::Conductor(conductor), Mint::Stake);
        self.empty(Vault::Bond(conductor), purse);
        self.conductors[conductor] = None;
        self.lamports[payer.at()] += self.conductor_rent();
        Ok(())
    }
}
