//! What each command does.

pub mod demo;
pub mod job;
pub mod migrate;
pub mod network;
pub mod orchestrator;
pub mod provider;
pub mod up;
pub mod wallet;
