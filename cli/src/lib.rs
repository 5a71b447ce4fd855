//! What is behind `millrace`, the one binary that people type; also a library, so that tests start
//! whole networks in their own process ([`localnet`]).

pub mod api;
pub mod args;
pub mod audit;
pub mod balances;
pub mod commands;
pub mod config;
pub mod confirm;
pub mod costs;
pub mod error;
pub mod funding;
pub mod localnet;
pub mod log;
pub mod mints;
pub mod network_file;
pub mod output;
pub mod program;
pub mod progress;
pub mod result;
pub mod settings;
pub mod signals;
pub mod submit;
pub mod terms;
pub mod validator;
pub mod watch;

pub use error::CliError;
