//! The store: SQLite in a file of one orchestrator, or PostgreSQL for several that share their work.

mod error;
pub mod failpoint_journal;
mod fence;
mod handle;
mod history;
mod journal;
mod leases;
mod location;
mod meta;
mod selections;
pub mod sql;
mod submissions;
mod views;

#[cfg(test)]
pub mod tests;

pub use error::StoreError;
pub use handle::Store;
pub use journal::MemberJournal;
pub use location::StoreLocation;
pub use submissions::Scope;
