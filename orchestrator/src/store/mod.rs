//! The store: SQLite in a file of one orchestrator, or PostgreSQL for several that share their work.
//! The statements are the same; [`database`] runs them on either.

mod cursor;
mod error;
pub mod failpoint_journal;
mod journal;
mod leases;
mod origin;
mod place;
mod selections;
pub mod sql;
mod submissions;

#[cfg(test)]
pub mod tests;

pub use error::StoreError;
pub use journal::MemberJournal;
pub use place::StorePlace;
pub use submissions::Scope;

use sql::database::{Answer, Database, Statement};
use sql::postgres::Postgres;
use sql::sqlite::Sqlite;
use sql::value::{Row, Value};

/// The store.
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens or makes the store of one network, and brings its tables to the present version.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::InUse`], [`StoreError::Away`], [`StoreError::Newer`],
    /// [`StoreError::OfAnother`].
    pub async fn open(place: &StorePlace, network_id: &str) -> Result<Self, StoreError> {
        let database = match place {
            StorePlace::Sqlite(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
                let opened = opened.map_err(|error| StoreError::Failed(error.to_string()))?;
                Database::Sqlite(opened?)
            }
            StorePlace::Postgres(config) => Database::Postgres(Postgres::open(config).await?),
        };
        let store = Self { database };
        store.require_network(place, network_id).await?;
        Ok(store)
    }

    /// Whether other orchestrators may use it at the same time.
    pub fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Finishes what is under way, and lets go of file or connections. Whatever comes later fails.
    pub async fn close(&self) {
        self.database.close().await;
    }

    async fn run(
        &self,
        text: impl Into<std::borrow::Cow<'static, str>>,
        values: impl Into<Vec<Value>>,
    ) -> Result<Answer, StoreError> {
        self.database.run(Statement::new(text, values)).await
    }

    async fn rows(
        &self,
        text: impl Into<std::borrow::Cow<'static, str>>,
        values: impl Into<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.run(text, values).await?.rows)
    }

    async fn require_network(
        &self,
        place: &StorePlace,
        network_id: &str,
    ) -> Result<(), StoreError> {
        match self.remember("network", network_id).await? {
            found if found == network_id => Ok(()),
            found => Err(StoreError::OfAnother {
                place: place.to_string(),
                found,
                expected: network_id.to_owned(),
            }),
        }
    }

    /// Keeps a fact about the store the first time that it is told; gives what was kept.
    async fn remember(&self, key: &'static str, value: &str) -> Result<String, StoreError> {
        let insert = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.run(insert, [key.into(), value.into()]).await?;
        let select = "SELECT value FROM meta WHERE key = $1";
        let rows = self.rows(select, [key.into()]).await?;
        let missing = || StoreError::Failed(format!("{key} was not kept"));
        rows.first().ok_or_else(missing)?.text(0)
    }

    /// Writes something, so that it is known whether writes are taken.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let insert = "INSERT INTO meta (key, value) VALUES ('probe', $1) \
                      ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        // Another value each time, so that there is something to write.
        let value = format!("{:016x}", rand::random::<u64>());
        self.run(insert, [value.as_str().into()]).await?;
        Ok(())
    }

    /// Keeps the last view of a job, for when its accounts are closed.
    pub async fn put_view(&self, job: &str, view: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO views (job, view) VALUES ($1, $2) \
                      ON CONFLICT (job) DO UPDATE SET view = excluded.view";
        self.run(insert, [job.into(), view.into()]).await?;
        Ok(())
    }

    /// The last view of a job.
    pub async fn view(&self, job: &str) -> Result<Option<String>, StoreError> {
        let select = "SELECT view FROM views WHERE job = $1";
        let rows = self.rows(select, [job.into()]).await?;
        rows.first().map(|row| row.text(0)).transpose()
    }

    /// The last views of all archived jobs, newest first, at most `limit`.
    pub async fn views(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let select = "SELECT view FROM views ORDER BY number DESC LIMIT $1";
        let rows = self.rows(select, [limit.into()]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}
