//! Errors of migrations.

use millrace_client::{ChainError, Pubkey};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum MigrationError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// `place` is a file or a field.
    #[error("invalid network parameters in {place}: {reason}")]
    Parameters { place: String, reason: String },
    /// The mints of an initialized network are fixed.
    #[error(
        "a network with stake mint {stake} and payment mint {payment} is already initialized; pass these with --stake-mint and --payment-mint, or point --url at another cluster"
    )]
    OtherMints { stake: Pubkey, payment: Pubkey },
}
