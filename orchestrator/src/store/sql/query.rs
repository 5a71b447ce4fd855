//! A statement with its values, and what it returned. Types only.

use crate::store::sql::value::{Row, SqlValue};
use std::borrow::Cow;

/// An SQL statement with its values.
///
/// Statements use what SQLite and PostgreSQL have in common. Each statement is a complete change by itself,
/// so that no transaction has to stay open.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    text: Cow<'static, str>,
    /// Values of `$1`, `$2` and so on.
    pub values: Vec<SqlValue>,
}

impl Statement {
    /// `text` refers to its values as `$1`, `$2`, … in the order of their first use, because SQLite numbers
    /// them in that order. `{now}`, `{share_lock}` and `{lease_locks}` are explained at [`Dialect`].
    pub(crate) fn new(
        text: impl Into<Cow<'static, str>>,
        values: impl Into<Vec<SqlValue>>,
    ) -> Self {
        Self {
            text: text.into(),
            values: values.into(),
        }
    }

    /// The text in the dialect of one database.
    pub(crate) fn sql(&self, dialect: &Dialect) -> Cow<'_, str> {
        if !self.text.contains('{') {
            return Cow::Borrowed(&self.text);
        }
        let text = self
            .text
            .replace("{now}", dialect.now)
            .replace("{share_lock}", dialect.share_lock)
            .replace("{lease_locks}", dialect.lease_locks);
        text.into()
    }
}

/// What the databases do not have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The database's time in milliseconds since 1970.
    pub now: &'static str,
    /// Ends a `SELECT` whose rows must not change until the statement has ended.
    pub share_lock: &'static str,
    /// Ends a `SELECT` of leases that the statement changes. All statements lock leases in one order, the byte
    /// order of their partitions' names, so that none deadlocks with another.
    pub lease_locks: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryResult {
    /// The number of rows that were changed or returned.
    pub changed: u64,
    pub rows: Vec<Row>,
}
