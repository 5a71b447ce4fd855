use crate::prelude::*;

/// A challenge to the only result of a shard. Closed when the shard is settled or fails.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Challenge {
    pub job: Pubkey,
    /// The signer who challenged the result and paid the rent.
    pub challenger: Pubkey,
    /// The bond, base units of the payment mint. It is in the client's escrow vault.
    pub bond: u64,
    /// Index of the shard.
    pub index: u32,
    /// Index of the seat whose result is challenged.
    pub seat: u8,
    pub version: u8,
    pub bump: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 17],
}

impl ProgramAccount for Challenge {}

impl Challenge {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();
}
