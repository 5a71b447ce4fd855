//! Decisions and arithmetic without accounts: where the money is counted, chances are drawn and the
//! verdict is found.

pub mod draw;
pub mod money;
pub mod slot_hashes;
pub mod sortition;
pub mod verdict;
