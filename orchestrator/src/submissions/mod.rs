//! Results submitted by agents: the types, the write-through cache, and its garbage collection.

pub mod cache;
pub mod gc;
pub mod model;
