//! SOL and SPL tokens of wallets: mints, funding and balances.

pub mod balances;
pub mod funding;
pub mod mints;
