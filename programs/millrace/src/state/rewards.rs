use crate::error::MillraceError;
use crate::math::money;
use crate::prelude::*;

/// The book of the rewards' vault.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Rewards {
    /// The vault: tokens of the stake mint.
    pub vault: Pubkey,
    /// All that was ever put in, base units.
    pub funded: u64,
    /// All that epochs were ever promised, base units.
    pub promised: u64,
    /// All that was ever paid out, base units.
    pub paid: u64,
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// For later versions.
    pub reserved: [u8; 38],
}

impl ProgramAccount for Rewards {}

impl Rewards {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// Promises up to `wanted` to an epoch, at most what is not promised yet; returns it.
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

/// An epoch that is over: what its points are worth. Closed with its last points.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Epoch {
    /// Who paid the rent.
    pub payer: Pubkey,
    /// Points of all its settlements.
    pub points: u64,
    /// Points that were turned into rewards so far.
    pub banked: u64,
    /// What all points together are worth, base units of the stake mint.
    pub emission: u64,
    /// Its number.
    pub number: u32,
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// For later versions.
    pub reserved: [u8; 26],
}

impl ProgramAccount for Epoch {}

impl Epoch {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// What `points` of this epoch are worth, rounded down.
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
    fn no_more_is_promised_than_is_there() {
        let mut rewards = rewards(100, 30, 10);
        assert_eq!(rewards.promise(50).unwrap(), 50);
        assert_eq!((rewards.promise(50).unwrap(), rewards.promised), (20, 100));
        assert_eq!(rewards.promise(50).unwrap(), 0);
    }

    #[test]
    fn books_notice_payments_that_were_not_promised_and_promises_without_funds() {
        rewards(5, 5, 5).invariant().unwrap();
        rewards(7, 6, 5).invariant().unwrap();
        let broken = || err!(MillraceError::InvariantBroken);
        assert_eq!(rewards(7, 5, 6).invariant(), broken());
        assert_eq!(rewards(5, 6, 4).invariant(), broken());
    }

    #[test]
    fn points_are_worth_their_part_of_the_emission() {
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
