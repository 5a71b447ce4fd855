use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;

/// The balance of the rewards vault.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Rewards {
    /// The rewards vault, which holds tokens of the stake mint.
    pub vault: Pubkey,
    /// Sum of all deposits, base units.
    pub funded: u64,
    /// Sum of what was promised to epochs, base units.
    pub promised: u64,
    /// Sum of what was paid to providers, base units.
    pub paid: u64,
    pub version: u8,
    pub bump: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 38],
}

impl ProgramAccount for Rewards {}

impl Rewards {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Promises `wanted` to an epoch, or what is not promised yet if that is less. Returns the amount.
    pub fn promise(&mut self, wanted: u64) -> Result<u64> {
        let free = money::sub(self.funded, self.promised)?;
        let promised = wanted.min(free);
        self.promised = money::add(self.promised, promised)?;
        Ok(promised)
    }

    /// `paid ≤ promised ≤ funded`.
    pub fn invariant(&self) -> Result<()> {
        let kept = self.paid <= self.promised && self.promised <= self.funded;
        require!(kept, MillraceError::InvariantBroken);
        Ok(())
    }
}

/// A closed epoch, with the rewards that its points are worth. The account is closed when the last points
/// are banked.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Epoch {
    /// The signer who paid the rent.
    pub payer: Pubkey,
    /// Points of all settlements in the epoch.
    pub points: u64,
    /// Points that have been turned into rewards.
    pub banked: u64,
    /// Rewards for all points together, base units of the stake mint.
    pub emission: u64,
    /// Number of the epoch, from 0.
    pub number: u32,
    pub version: u8,
    pub bump: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 26],
}

impl ProgramAccount for Epoch {}

impl Epoch {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Rewards for `points` of this epoch, base units, rounded down.
    pub fn worth(&self, points: u64) -> u64 {
        money::proportion(self.emission, points, self.points)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rewards(funded: u64, promised: u64, paid: u64) -> Rewards {
        Rewards {
            version: 1,
            bump: 0,
            vault: Pubkey::default(),
            funded,
            promised,
            paid,
            reserved: [0; 38],
        }
    }

    #[test]
    fn promises_never_exceed_the_funds() {
        let mut rewards = rewards(100, 30, 10);
        assert_eq!(rewards.promise(50).unwrap(), 50);
        assert_eq!((rewards.promise(50).unwrap(), rewards.promised), (20, 100));
        assert_eq!(rewards.promise(50).unwrap(), 0);
    }

    #[test]
    fn the_invariant_refuses_unpromised_payments_and_unfunded_promises() {
        rewards(5, 5, 5).invariant().unwrap();
        rewards(7, 6, 5).invariant().unwrap();
        let broken = || err!(MillraceError::InvariantBroken);
        assert_eq!(rewards(7, 5, 6).invariant(), broken());
        assert_eq!(rewards(5, 6, 4).invariant(), broken());
    }

    #[test]
    fn points_are_worth_their_share_of_the_emission() {
        let epoch = Epoch {
            version: 1,
            bump: 0,
            number: 0,
            payer: Pubkey::default(),
            points: 30,
            banked: 0,
            emission: 100,
            reserved: [0; 26],
        };
        assert_eq!((epoch.worth(10), epoch.worth(30)), (33, 100));
    }
}
