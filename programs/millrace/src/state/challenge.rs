use crate::prelude::*;

/// A challenge to a shard's only result. Lives until the shard has an end.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Challenge {
    /// The job.
    pub job: Pubkey,
    /// Who challenged; paid the rent.
    pub challenger: Pubkey,
    /// What is at stake, base units of the payment mint, in the client's escrow vault.
    pub bond: u64,
    /// The shard.
    pub index: u32,
    /// The seat whose result is challenged.
    pub seat: u8,
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// For later versions.
    pub reserved: [u8; 17],
}

impl ProgramAccount for Challenge {}

impl Challenge {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();
}
