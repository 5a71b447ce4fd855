//! Handlers, by resource.

pub mod blobs;
pub mod events;
pub mod jobs;
pub mod quote;
