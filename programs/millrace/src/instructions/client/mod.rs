//! What a client's wallet signs.

mod cancel_job;
mod open_client;
mod post_job;

pub use cancel_job::*;
pub use open_client::*;
pub use post_job::*;
