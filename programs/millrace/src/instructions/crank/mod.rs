//! What anyone may do when it is due.

mod close_job;
mod expire_job;
mod expire_seat;
mod penalty;
mod settle_shard;

pub use close_job::*;
pub use expire_job::*;
pub use expire_seat::*;
pub use settle_shard::*;
