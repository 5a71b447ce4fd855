//! The `millrace` command-line tool, as a library: tests start whole networks in their own process
//! with [`localnet`].

pub mod api;
pub mod args;
pub mod commands;
pub mod config;
pub mod connection;
pub mod deploy;
pub mod error;
pub mod job;
#[cfg(feature = "localnet")]
pub mod localnet;
pub mod log;
pub mod signals;
pub mod tokens;
pub mod ui;
pub mod verify;

pub use error::CliError;
