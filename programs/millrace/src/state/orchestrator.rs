use anchor_lang::prelude::*;

/// A key that may assign seats and attest deliveries.
#[account]
#[derive(Debug, InitSpace)]
pub struct Orchestrator {
    /// Layout version.
    pub version: u8,
    /// Bump of this account.
    pub bump: u8,
    /// The key that signs.
    pub key: Pubkey,
    /// False once retired.
    pub active: bool,
    /// When it was registered, unix seconds.
    pub registered_at: i64,
    /// For later versions.
    pub reserved: [u8; 63],
}

impl Orchestrator {
    /// Bytes of the account, discriminator included.
    pub const SIZE: usize = 8 + Self::INIT_SPACE;
}
