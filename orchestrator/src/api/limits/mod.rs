//! Limits that keep one client from slowing the others: connections, concurrent requests, slow readers.

pub mod concurrency;
pub mod connections;
pub mod write_timeout;
