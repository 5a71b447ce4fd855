//! SOL and SPL tokens of wallets: mints, funding, balances and rent.

pub mod balances;
pub mod funding;
pub mod mints;
pub mod rent;
