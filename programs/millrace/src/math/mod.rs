//! Amounts, random draws and the verdict: pure functions that touch no accounts.

pub mod draw;
pub mod money;
pub mod slot_hashes;
pub mod sortition;
pub mod verdict;
