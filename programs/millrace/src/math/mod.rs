//! Decisions and arithmetic without accounts: where the money is counted and the verdict is found.

pub mod money;
pub mod verdict;
