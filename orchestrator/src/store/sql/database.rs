//! One way to speak to both databases: a statement with its values, and its answer.
//!
//! Statements are written in what the two dialects have in common. Each is one change, which is
//! whole by itself, so that no transaction has to be kept open.

use crate::store::StoreError;
use crate::store::sql::postgres::Postgres;
use crate::store::sql::sqlite::Sqlite;
use crate::store::sql::value::{Row, Value};
use std::borrow::Cow;

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Cow<'static, str>,
    /// Values of `$1`, `$2` and so on.
    pub values: Vec<Value>,
}

impl Statement {
    /// `text` names its values `$1`, `$2`, … in the order in which they appear first (SQLite numbers
    /// them so), and calls the time in milliseconds since 1970 `{now}`.
    pub fn new(text: impl Into<Cow<'static, str>>, values: impl Into<Vec<Value>>) -> Self {
        Self {
            text: text.into(),
            values: values.into(),
        }
    }

    /// The text, with what the dialect calls the time.
    pub(crate) fn sql(&self, now: &str) -> Cow<'_, str> {
        match self.text.contains("{now}") {
            true => self.text.replace("{now}", now).into(),
            false => Cow::Borrowed(&self.text),
        }
    }
}

/// What a statement came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Rows that it changed or found.
    pub changed: u64,
    /// What it found.
    pub rows: Vec<Row>,
}

/// A database.
pub enum Database {
    /// SQLite.
    Sqlite(Sqlite),
    /// PostgreSQL.
    Postgres(Postgres),
}

impl Database {
    /// Runs a statement.
    pub async fn run(&self, statement: Statement) -> Result<Answer, StoreError> {
        match self {
            Self::Sqlite(database) => database.run(statement).await,
            Self::Postgres(database) => database.run(statement).await,
        }
    }

    /// Finishes what is under way, and lets go of file or connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close(),
        }
    }
}
