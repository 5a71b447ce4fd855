//! Results submitted by agents: the types, the write-through cache, and its garbage collection.

pub(crate) mod cache;
pub(crate) mod gc;
pub(crate) mod model;
