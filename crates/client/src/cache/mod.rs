//! Caches of on-chain accounts, and the feed that keeps them current.

pub mod accounts;
pub mod finalized;
pub mod subscription;
