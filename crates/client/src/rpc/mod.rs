//! Calls to RPC endpoints, with failover between several and credentials kept out of messages.

pub mod client;
pub mod failover;
pub mod redact;
