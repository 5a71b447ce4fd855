//! The on-chain program on its way to a cluster: the compiled binary, what it costs, and the upload.

pub mod binary;
pub mod build;
pub mod costs;
pub mod error;
pub mod upload;
