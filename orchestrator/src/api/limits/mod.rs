//! Limits that keep one client from slowing down the others: connections, concurrent requests, slow readers.

pub mod concurrency;
pub mod connections;
pub mod write_timeout;
