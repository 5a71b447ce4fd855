//! Instructions of clients, and challenges.

mod acknowledge_delivery;
mod cancel_job;
mod challenge_shard;
mod open_client;
mod post_job;

pub use acknowledge_delivery::*;
pub use cancel_job::*;
pub use challenge_shard::*;
pub use open_client::*;
pub use post_job::*;
