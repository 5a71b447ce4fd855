use crate::store::error::StoreError;
use crate::store::location::StoreLocation;
use crate::store::sql::database::Database;
use crate::store::sql::postgres::Postgres;
use crate::store::sql::query::{QueryResult, Statement};
use crate::store::sql::sqlite::Sqlite;
use crate::store::sql::value::{Row, SqlValue};
use std::borrow::Cow;

/// An open store. Its other methods are in the file of the table that they use.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens or creates the store of one network, and migrates its schema to the current version.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::InUse`], [`StoreError::Unreachable`],
    /// [`StoreError::NewerVersion`], [`StoreError::WrongNetwork`].
    pub(crate) async fn open(
        location: &StoreLocation,
        network_id: &str,
    ) -> Result<Self, StoreError> {
        let database = match location {
            StoreLocation::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
                Database::Sqlite(opened.map_err(StoreError::statement)??)
            }
            StoreLocation::Postgres(database) => {
                Database::Postgres(Postgres::open(database).await?)
            }
        };
        let store = Self { database };
        store.require_network(location, network_id).await?;
        Ok(store)
    }

    /// Whether other orchestrators can use the store at the same time.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Completes pending statements and closes the file or the connections. Later calls fail.
    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    pub(super) async fn run(
        &self,
        text: impl Into<Cow<'static, str>>,
        values: impl Into<Vec<SqlValue>>,
    ) -> Result<QueryResult, StoreError> {
        self.database.run(Statement::new(text, values)).await
    }

    pub(super) async fn rows(
        &self,
        text: impl Into<Cow<'static, str>>,
        values: impl Into<Vec<SqlValue>>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(text, values).await?.rows)
    }
}
