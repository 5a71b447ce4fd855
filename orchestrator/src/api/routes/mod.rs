//! Handlers, by resource.

pub(super) mod blobs;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod quote;
