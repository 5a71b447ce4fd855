//! Statements and rows on SQLite and PostgreSQL.

pub mod database;
pub mod postgres;
pub mod query;
pub mod schema;
pub mod sqlite;
pub mod tls;
pub mod value;
