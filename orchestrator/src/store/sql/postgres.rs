//! PostgreSQL, which several orchestrators share. Connections are pooled and made anew when they break.

use crate::store::sql::database::Answer;

use crate::store::StoreError;
use crate::store::place::StorePlace;
use crate::store::sql::database::Statement;
use crate::store::sql::schema;
use crate::store::sql::tls::Tls;
use crate::store::sql::value::{Row, Value};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures_util::TryStreamExt;
use std::time::Duration;

/// Connections of one orchestrator at most.
const CONNECTIONS: usize = 8;
/// How long making a connection or waiting for a free one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// A statement that takes longer is ended by the server, milliseconds: none of ours is long, and
/// whoever waits for a lease must not wait for ever.
const LONGEST_STATEMENT_MS: u64 = 20_000;
/// The time in milliseconds since 1970, in SQL. Not the transaction's start: it may have waited for a lock.
const NOW: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
/// Lock of the server's that whoever changes the tables holds: any number will do.
const MIGRATION_LOCK: i64 = 0x6d69_6c6c_7261_6365;

/// A database.
pub struct Postgres {
    pool: Pool,
    place: String,
}

impl Postgres {
    /// Reaches the database, and brings its tables to the present version.
    pub async fn open(config: &tokio_postgres::Config) -> Result<Self, StoreError> {
        let place = StorePlace::Postgres(Box::new(config.clone())).to_string();
        let mut config = config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config.application_name("millrace");
        let limit = format!("-c statement_timeout={LONGEST_STATEMENT_MS}");
        let options = config
            .get_options()
            .map_or(limit.clone(), |o| format!("{o} {limit}"));
        config.options(options);
        let tls = Tls::new().map_err(|error| StoreError::Failed(error.to_string()))?;
        let manager = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls, manager))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let database = Self { pool, place };
        database.migrate().await?;
        Ok(database)
    }

    async fn connection(&self) -> Result<deadpool_postgres::Client, StoreError> {
        self.pool.get().await.map_err(|error| StoreError::Away {
            place: self.place.clone(),
            reason: with_causes(&error),
        })
    }

    fn failed(&self, error: tokio_postgres::Error) -> StoreError {
        match error.as_db_error() {
            Some(said) => StoreError::Failed(said.to_string()),
            None => StoreError::Away {
                place: self.place.clone(),
                reason: with_causes(&error),
            },
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
        for step in schema::steps_from(found, &self.place)? {
            let (sql, reached) = (step.postgres, step.version);
            let script = format!(
                "{sql}DELETE FROM store_version; INSERT INTO store_version VALUES ({reached});"
            );
            transaction.batch_execute(&script).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Runs a statement.
    pub async fn run(&self, statement: Statement) -> Result<Answer, StoreError> {
        let connection = self.connection().await?;
        let failed = |error| self.failed(error);
        let sql = statement.sql(NOW);
        let prepared = connection.prepare_cached(&sql).await.map_err(failed)?;
        let answers = connection
            .query_raw(&prepared, &statement.values)
            .await
            .map_err(failed)?;
        let mut answers = std::pin::pin!(answers);
        let mut rows = Vec::new();
        while let Some(row) = answers.try_next().await.map_err(failed)? {
            let columns = (0..row.len()).map(|at| row.try_get::<_, Value>(at));
            let values = columns.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            rows.push(Row(values));
        }
        Ok(Answer {
            changed: answers.rows_affected().unwrap_or(0),
            rows,
        })
    }

    /// Lets go of all connections.
    pub fn close(&self) {
        self.pool.close();
    }
}

/// An error with what caused it: the outermost text alone says little.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        inner = cause.source();
    }
    text
}
