//! The store: SQLite in a file of one orchestrator, or PostgreSQL for several that share their work.

mod error;
pub(crate) mod failpoint_journal;
mod fence;
mod handle;
mod history;
mod journal;
mod leases;
mod location;
mod meta;
mod selections;
pub(crate) mod sql;
mod submissions;
mod views;

#[cfg(test)]
pub(crate) mod tests;

pub use error::StoreError;
pub(crate) use handle::Store;
pub(crate) use journal::MemberJournal;
pub use location::StoreLocation;
pub(crate) use submissions::Scope;
