//! The agent on a provider's machine: it connects outward to one orchestrator or several, runs the
//! shards that it is given, commits to the results, and shows them when it is asked to.
//!
//! - `agent` keeps a connection to each orchestrator up for ever, `session` is one connection, and
//!   `outbox` holds what is to be said on each.
//! - `tasks` decides what happens to a seat, `execute` computes it, `signer` signs for it.
//! - `results` keeps every result until the orchestrator releases it, so that nothing is computed
//!   twice and nothing that was committed to is lost; `blobs` fetches inputs and uploads outputs.
//!
//! What travels is described in [`millrace_protocol::agent`].

mod agent;
mod backoff;
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

pub use agent::{Handle, run, start};
pub use config::Config;
pub use error::{AgentError, StoreError};
pub use execute::Materials;
pub use fault::Behaviour;
pub use recompute::Recomputer;
pub use status::Status;
