//! What a provider does.

mod claim_earnings;
mod register_provider;
mod stake;

pub use claim_earnings::*;
pub use register_provider::*;
pub use stake::*;
