use crate::prelude::*;

/// A client: its nonce counter and the balance of its escrow vault. Never closed, so that no nonce is used
/// twice and the address of a closed job is never used again.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Client {
    /// The client's wallet, which signs.
    pub owner: Pubkey,
    /// The escrow vault, which holds the deposits of all the client's jobs.
    pub escrow: Pubkey,
    /// Nonce of the next job.
    pub next_nonce: u64,
    /// Sum of what the open jobs hold, including bonds of challenges, base units. The vault's balance is
    /// never below this sum.
    pub held: u64,
    /// Jobs that are not closed.
    pub open_jobs: u32,
    pub version: u8,
    pub bump: u8,
    /// Reserved for later versions.
    pub reserved: [u8; 34],
}

impl ProgramAccount for Client {}

impl Client {
    /// Bytes of the account, including the discriminator.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();
}
