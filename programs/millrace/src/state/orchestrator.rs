use crate::error::MillraceError;
use crate::prelude::*;
use crate::state::Job;

/// A key that may assign seats and attest deliveries.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Orchestrator {
    /// The key that signs.
    pub key: Pubkey,
    /// The vault of its bond: tokens of the stake mint.
    pub bond_vault: Pubkey,
    /// Who paid the rent.
    pub payer: Pubkey,
    /// When it was registered, unix seconds.
    pub registered_at: i64,
    /// When it was retired, unix seconds; 0 while it is active.
    pub retired_at: i64,
    /// Its bond, base units.
    pub bonded: u64,
    /// 1, and 0 once retired.
    pub active: u8,
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// For later versions.
    pub reserved: [u8; 21],
}

impl ProgramAccount for Orchestrator {}

impl Orchestrator {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();
}

impl Orchestrator {
    /// Whether it may assign seats and attest deliveries.
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
    fn an_orchestrator_serves_jobs_for_any_and_its_own_while_it_is_active() {
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
