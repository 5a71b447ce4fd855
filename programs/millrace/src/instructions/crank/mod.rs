//! Instructions that any caller may send once they are due.

mod bank_rewards;
mod close_epoch;
mod close_job;
mod draw_audit;
mod expire_job;
mod expire_seat;
mod penalty;
mod seed_job;
mod settle_shard;

pub use bank_rewards::*;
pub use close_epoch::*;
pub use close_job::*;
pub use draw_audit::*;
pub use expire_job::*;
pub use expire_seat::*;
pub use seed_job::*;
pub use settle_shard::*;
