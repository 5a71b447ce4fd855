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

impl Held for Rewards {}

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

impl Held for Epoch {}

impl Epoch {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();

    /// What `points` of this epoch are worth, rounded down.
    pub fn worth(&self, points: u64) -> u64 {
        money::proportion(self.emission, points, self.points)
    }
}
