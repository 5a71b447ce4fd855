//! A job from the client's side: priced, posted, watched and fetched.

pub mod costs;
pub mod result;
pub mod submit;
pub mod terms;
pub mod watch;
