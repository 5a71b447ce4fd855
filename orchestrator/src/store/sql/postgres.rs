//! PostgreSQL, which several orchestrators can share. Connections are pooled and replaced when they break.

use crate::store::error::StoreError;
use crate::store::location::PostgresLocation;
use crate::store::sql::query::{Dialect, QueryResult, Statement};
use crate::store::sql::schema;
use crate::store::sql::tls;
use crate::store::sql::value::{Row, SqlValue};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures_util::TryStreamExt;
use std::time::Duration;

/// Most connections of one orchestrator.
const MAX_CONNECTIONS: usize = 8;
/// Limit for opening a connection, and for waiting until one is free.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The server cancels statements that take longer. Ours are short, and renewing a lease must not wait
/// forever.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);
const DIALECT: Dialect = Dialect {
    // Not the start of the transaction, which may have waited for a lock.
    now: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    share_lock: " FOR SHARE",
    lease_locks: " ORDER BY bucket COLLATE \"C\" FOR UPDATE",
};
/// Advisory lock held while the schema is migrated. The number is arbitrary.
const MIGRATION_LOCK: i64 = 0x6d69_6c6c_7261_6365;

pub(crate) struct Postgres {
    pool: Pool,
    location: String,
}

impl Postgres {
    /// Connects to the database and migrates its schema to the current version.
    pub(crate) async fn open(database: &PostgresLocation) -> Result<Self, StoreError> {
        let mut config = database.config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name("millrace");
        let limit = format!("-c statement_timeout={}", STATEMENT_TIMEOUT.as_millis());
        let options = config
            .get_options()
            .map_or(limit.clone(), |o| format!("{o} {limit}"));
        config.options(options);
        let tls = tls::connector(database.root_certificates.as_deref())?;
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls, manager))
            .max_size(MAX_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let opened = Self {
            pool,
            location: database.to_string(),
        };
        opened.migrate().await?;
        Ok(opened)
    }

    async fn connection(&self) -> Result<deadpool_postgres::Client, StoreError> {
        self.pool
            .get()
            .await
            .map_err(|error| StoreError::Unreachable {
                location: self.location.clone(),
                source: error.into(),
            })
    }

    fn failed(&self, error: tokio_postgres::Error) -> StoreError {
        if error.as_db_error().is_some() {
            StoreError::statement(error)
        } else {
            StoreError::Unreachable {
                location: self.location.clone(),
                source: error.into(),
            }
        }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let failed = |error| self.failed(error);
        let transaction = connection.transaction().await.map_err(failed)?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
            .await
            .map_err(failed)?;
        let version = "CREATE TABLE IF NOT EXISTS store_version (version BIGINT NOT NULL)";
        transaction.batch_execute(version).await.map_err(failed)?;
        let found = transaction
            .query_opt("SELECT version FROM store_version", &[])
            .await
            .map_err(failed)?;
        let found: i64 = found.map_or(0, |row| row.get(0));
        for step in schema::steps_from(found, &self.location)? {
            let (sql, reached) = (step.postgres, step.version);
            let script = format!(
                "{sql}DELETE FROM store_version; INSERT INTO store_version VALUES ({reached});"
            );
            transaction.batch_execute(&script).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    pub(crate) async fn run(&self, statement: Statement) -> Result<QueryResult, StoreError> {
        let connection = self.connection().await?;
        let failed = |error| self.failed(error);
        let sql = statement.sql(&DIALECT);
        let prepared = connection.prepare_cached(&sql).await.map_err(failed)?;
        let answers = connection
            .query_raw(&prepared, &statement.values)
            .await
            .map_err(failed)?;
        let mut answers = std::pin::pin!(answers);
        let mut rows = Vec::new();
        while let Some(row) = answers.try_next().await.map_err(failed)? {
            let columns = (0..row.len()).map(|at| row.try_get::<_, SqlValue>(at));
            let values = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            rows.push(Row(values));
        }
        Ok(QueryResult {
            changed: answers.rows_affected().unwrap_or(0),
            rows,
        })
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}
