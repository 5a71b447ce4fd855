//! The program's accounts in memory: confirmed, finalized, and the subscription that keeps them current.

pub mod accounts;
pub mod finalized;
pub mod subscription;
