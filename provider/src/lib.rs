//! The agent: the process on a provider's machine. It connects to one or more orchestrators, runs the
//! shards that it is assigned, commits to the results, and reveals them on request.
//!
//! - `agent` keeps a connection to each orchestrator open; `session` is one connection, and `outbox`
//!   queues its messages.
//! - `tasks` tracks the work on each seat, `execute` runs shards, `signer` signs for the provider.
//! - `results` stores each result until the orchestrator releases it, so nothing is computed twice and
//!   no committed result is lost. `blobs` downloads inputs and uploads outputs.
//!
//! The messages are defined in [`millrace_protocol::agent`].

mod agent;
mod blobs;
mod config;
mod error;
mod execute;
mod fault;
mod files;
mod outbox;
mod recompute;
mod results;
mod session;
mod signer;
mod status;
mod tasks;

pub use agent::{AgentHandle, run, start};
pub use config::AgentConfig;
pub use error::{AgentError, FileError};
pub use execute::TaskInputs;
pub use fault::FaultMode;
pub use recompute::Recomputer;
pub use status::AgentStatus;
