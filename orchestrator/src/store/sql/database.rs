//! Runs statements on either database.

use crate::store::error::StoreError;
use crate::store::sql::postgres::Postgres;
use crate::store::sql::query::{QueryResult, Statement};
use crate::store::sql::sqlite::Sqlite;

pub(crate) enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    pub(crate) async fn run(&self, statement: Statement) -> Result<QueryResult, StoreError> {
        match self {
            Self::Sqlite(database) => database.run(statement).await,
            Self::Postgres(database) => database.run(statement).await,
        }
    }

    /// Completes pending statements and closes the file or the connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close(),
        }
    }
}
