use crate::error::MillraceError;
use crate::prelude::*;
use crate::state::Job;

/// An orchestrator: a key that may assign seats and attest deliveries.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Orchestrator {
    /// The key that signs the orchestrator's transactions.
    pub key: Pubkey,
    /// Vault of the bond, which holds tokens of the stake mint.
    pub bond_vault: Pubkey,
    /// The signer who paid the rent.
    pub payer: Pubkey,
    /// Time of registration, unix seconds.
    pub registered_at: i64,
    /// Time of retirement, unix seconds; 0 while active.
    pub retired_at: i64,
    /// The bond, base units.
    pub bonded: u64,
    /// 1 while active, 0 once retired.
    pub active: u8,
    pub version: u8,
    pub bump: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 21],
}

impl ProgramAccount for Orchestrator {}

impl Orchestrator {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    pub fn is_active(&self) -> bool {
        self.active != 0
    }

    /// # Errors
    /// [`MillraceError::OrchestratorInactive`], [`MillraceError::OrchestratorMismatch`].
    pub fn require_serves(&self, job: &Job) -> Result<()> {
        require!(self.is_active(), MillraceError::OrchestratorInactive);
        let any = job.orchestrator == Pubkey::default();
        let chosen = any || job.orchestrator == self.key;
        require!(chosen, MillraceError::OrchestratorMismatch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use bytemuck::Zeroable;

    #[test]
    fn an_active_orchestrator_serves_jobs_that_ask_for_any_or_for_itself() {
        let key = Pubkey::new_from_array([4; 32]);
        let mut orchestrator = Orchestrator {
            version: 1,
            bump: 0,
            key,
            active: 1,
            registered_at: 0,
            retired_at: 0,
            bond_vault: Pubkey::default(),
            bonded: 0,
            payer: Pubkey::default(),
            reserved: [0; 21],
        };
        let job = |orchestrator| Job {
            orchestrator,
            ..Job::zeroed()
        };
        let (anyone, another) = (Pubkey::default(), Pubkey::new_from_array([5; 32]));
        orchestrator.require_serves(&job(anyone)).unwrap();
        orchestrator.require_serves(&job(key)).unwrap();
        let mismatch = err!(MillraceError::OrchestratorMismatch);
        assert_eq!(orchestrator.require_serves(&job(another)), mismatch);
        orchestrator.active = 0;
        let inactive = err!(MillraceError::OrchestratorInactive);
        assert_eq!(orchestrator.require_serves(&job(key)), inactive);
    }
}
