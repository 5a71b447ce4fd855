use crate::prelude::*;

/// A client's counter and the book of its escrow vault. Never closed, so that no nonce is used twice
/// and no closed job's address can live again.
#[account(zero_copy)]
#[repr(C)]
#[derive(Debug)]
pub struct Client {
    /// The wallet that signs.
    pub owner: Pubkey,
    /// The escrow vault: the client's own tokens, in the books of its jobs.
    pub escrow: Pubkey,
    /// Nonce of the next job.
    pub next_nonce: u64,
    /// What the open jobs hold together, bonds of challenges included, base units. The vault's balance
    /// is never below it.
    pub held: u64,
    /// Jobs that are not closed yet.
    pub open_jobs: u32,
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// For later versions.
    pub reserved: [u8; 34],
}

impl ProgramAccount for Client {}

impl Client {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + std::mem::size_of::<Self>();
}
