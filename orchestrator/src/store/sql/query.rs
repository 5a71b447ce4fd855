//! A statement with its values, and what it returned. Types only.

use crate::store::sql::value::{Row, SqlValue};
use std::borrow::Cow;

/// An SQL statement with its values.
///
/// Statements use what SQLite and PostgreSQL have in common. Each statement is a complete change by itself,
/// so that no transaction has to stay open.
#[derive(Clone, Debug)]
pub struct Statement {
    text: Cow<'static, str>,
    /// Values of `$1`, `$2` and so on.
    pub values: Vec<SqlValue>,
}

impl Statement {
    /// `text` refers to its values as `$1`, `$2`, … in the order of their first use, because SQLite numbers
    /// them in that order. `{now}` stands for the database's time in milliseconds since 1970.
    pub fn new(text: impl Into<Cow<'static, str>>, values: impl Into<Vec<SqlValue>>) -> Self {
        Self {
            text: text.into(),
            values: values.into(),
        }
    }

    /// The text with `{now}` replaced by the expression of one database.
    pub(crate) fn sql(&self, now: &str) -> Cow<'_, str> {
        if self.text.contains("{now}") {
            self.text.replace("{now}", now).into()
        } else {
            Cow::Borrowed(&self.text)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryResult {
    /// The number of rows that were changed or returned.
    pub changed: u64,
    pub rows: Vec<Row>,
}
