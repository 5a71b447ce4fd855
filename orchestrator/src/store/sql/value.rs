//! Values and rows, converted to and from both databases.

use crate::store::error::StoreError;
use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SqlValue {
    Null,
    /// A `u64` is stored with the same bits, so a large one is negative here.
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for SqlValue {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<u64> for SqlValue {
    fn from(n: u64) -> Self {
        Self::Int(n.cast_signed())
    }
}

impl From<u32> for SqlValue {
    fn from(n: u32) -> Self {
        Self::Int(n.into())
    }
}

impl From<u8> for SqlValue {
    fn from(n: u8) -> Self {
        Self::Int(n.into())
    }
}

impl From<i32> for SqlValue {
    fn from(n: i32) -> Self {
        Self::Int(n.into())
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for SqlValue {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for SqlValue {
    fn from(bytes: &[u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

/// One row. Columns are addressed by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub Vec<SqlValue>);

impl Row {
    fn at(&self, column: usize) -> &SqlValue {
        self.0.get(column).unwrap_or(&SqlValue::Null)
    }

    fn wrong(&self, column: usize, wanted: &str) -> StoreError {
        let found = self.at(column);
        StoreError::Failed(format!(
            "column {column} holds {found:?}, expected {wanted}"
        ))
    }

    pub(crate) fn is_null(&self, column: usize) -> bool {
        *self.at(column) == SqlValue::Null
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        match self.at(column) {
            SqlValue::Int(n) => Ok(*n),
            _ => Err(self.wrong(column, "an integer")),
        }
    }

    /// A `u64` that was stored with the same bits.
    pub(crate) fn unsigned(&self, column: usize) -> Result<u64, StoreError> {
        self.int(column).map(i64::cast_unsigned)
    }

    /// An integer that has to fit a smaller type.
    pub(crate) fn small<T: TryFrom<i64>>(&self, column: usize) -> Result<T, StoreError> {
        let wrong = |_| self.wrong(column, "an integer in range");
        T::try_from(self.int(column)?).map_err(wrong)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        match self.at(column) {
            SqlValue::Text(text) => Ok(text.clone()),
            _ => Err(self.wrong(column, "text")),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        match self.at(column) {
            SqlValue::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(self.wrong(column, "bytes")),
        }
    }

    pub(crate) fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        let wrong = |_| self.wrong(column, &format!("{N} bytes"));
        self.bytes(column)?.try_into().map_err(wrong)
    }
}

impl rusqlite::ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl rusqlite::types::FromSql for SqlValue {
    fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Int(n),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => return Err(rusqlite::types::FromSqlError::InvalidType),
        })
    }
}

impl ToSql for SqlValue {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(n) => n.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // `to_sql_checked` checks each variant.
        true
    }

    to_sql_checked!();
}

impl<'a> tokio_postgres::types::FromSql<'a> for SqlValue {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        match *kind {
            Type::INT8 => i64::from_sql(kind, raw).map(Self::Int),
            Type::TEXT => String::from_sql(kind, raw).map(Self::Text),
            _ => <Vec<u8>>::from_sql(kind, raw).map(Self::Bytes),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }
}
