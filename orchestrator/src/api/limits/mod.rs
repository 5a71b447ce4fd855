//! Limits that keep one client from slowing down the others: connections, concurrent requests, slow readers.

pub(crate) mod concurrency;
pub(crate) mod connections;
pub(crate) mod write_timeout;
