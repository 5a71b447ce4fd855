//! Requests to RPC endpoints, with failover, and with secrets kept out of messages.

pub mod client;
pub mod failover;
pub mod redact;
