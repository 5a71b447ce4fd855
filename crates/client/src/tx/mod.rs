//! The life of a transaction: built, priced, journalled, sent, confirmed and finalized.

mod codec;
pub mod compute_budget;
pub mod fees;
pub mod journal;
pub mod observer;
pub mod packing;
pub mod payer;
pub mod policy;
pub mod sender;
