//! Instructions of orchestrators: seats, commitments and reveals.

mod assign_seats;
mod ed25519;
mod record_commitments;
mod record_reveals;

pub use assign_seats::*;
pub(crate) use ed25519::CheckedSignatures;
pub use record_commitments::*;
pub use record_reveals::*;
