//! Statements and rows on SQLite and PostgreSQL.

pub(crate) mod database;
pub(crate) mod postgres;
pub(crate) mod query;
pub(crate) mod schema;
pub(crate) mod sqlite;
pub(crate) mod tls;
pub(crate) mod value;
