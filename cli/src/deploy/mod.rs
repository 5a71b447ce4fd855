//! Deploys the on-chain program: the compiled binary, the costs, and the upload.

pub mod authority;
pub mod binary;
pub mod build;
pub mod costs;
pub mod error;
pub mod upload;
