//! The store: SQLite in WAL mode with full synchronisation, so that what was written before a
//! transaction is sent survives a power cut.

mod cursor;
mod journal;
mod origin;
mod papers;

use crate::error::OrchestratorError;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

/// Layout of the tables; a change adds a step to [`migrate`].
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE journal (
    signature TEXT PRIMARY KEY,
    bytes BLOB NOT NULL,
    last_valid_block_height INTEGER NOT NULL,
    purpose TEXT NOT NULL
) STRICT;
CREATE TABLE seats (
    job BLOB NOT NULL, shard INTEGER NOT NULL, attempt INTEGER NOT NULL, provider BLOB NOT NULL,
    seat INTEGER NOT NULL, commitment BLOB NOT NULL, signature BLOB NOT NULL,
    root BLOB, units INTEGER, salt BLOB, output BLOB, exit INTEGER, fuel INTEGER, reason TEXT,
    PRIMARY KEY (job, shard, attempt, provider)
) STRICT;
CREATE TABLE failures (
    job BLOB NOT NULL, shard INTEGER NOT NULL, provider BLOB NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (job, shard, provider)
) STRICT;
CREATE TABLE outcomes (
    job BLOB NOT NULL, shard INTEGER NOT NULL,
    root BLOB NOT NULL, output BLOB NOT NULL, exit INTEGER NOT NULL, fuel INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job, shard)
) STRICT;
CREATE TABLE archive (job TEXT PRIMARY KEY, view TEXT NOT NULL) STRICT;
";

/// The store.
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens or makes the store of one network.
    ///
    /// # Errors
    /// [`OrchestratorError::StoreCorrupt`], [`OrchestratorError::StoreOfAnother`].
    pub fn open(path: &Path, network_id: &str) -> Result<Self, OrchestratorError> {
        let corrupt = |reason: String| OrchestratorError::StoreCorrupt {
            path: path.into(),
            reason,
        };
        let connection = Connection::open(path)?;
        let found = connection
            .pragma_update(None, "journal_mode", "WAL")
            .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
            .and_then(|()| connection.query_row("PRAGMA quick_check", [], |row| row.get(0)));
        match found {
            Ok(text) if text == "ok" => {}
            Ok(text) => return Err(corrupt(text)),
            Err(error) => return Err(corrupt(error.to_string())),
        }
        migrate(&connection, path)?;
        connection.execute_batch(cursor::SCHEMA)?;
        let store = Self {
            connection: Mutex::new(connection),
        };
        store.require_network(path, network_id)?;
        Ok(store)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // SQLite itself keeps the data whole; a panic elsewhere does not harm it.
        self.connection
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn require_network(&self, path: &Path, network_id: &str) -> Result<(), OrchestratorError> {
        let connection = self.connection();
        let found: Option<String> = connection
            .query_row("SELECT value FROM meta WHERE key = 'network'", [], |row| {
                row.get(0)
            })
            .optional()?;
        match found {
            None => {
                let insert = "INSERT INTO meta (key, value) VALUES ('network', ?1)";
                connection.execute(insert, params![network_id])?;
                Ok(())
            }
            Some(found) if found == network_id => Ok(()),
            Some(found) => Err(OrchestratorError::StoreOfAnother {
                path: path.into(),
                found: format!("network {found}"),
                expected: format!("network {network_id}"),
            }),
        }
    }

    /// Writes something, so that it is known whether writes are taken.
    pub fn probe(&self) -> Result<(), OrchestratorError> {
        let insert = "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', unixepoch())";
        self.connection().execute(insert, [])?;
        Ok(())
    }

    /// Keeps the last view of a job, for when its accounts are closed.
    pub fn put_view(&self, job: &str, view: &str) -> Result<(), OrchestratorError> {
        let insert = "INSERT OR REPLACE INTO archive (job, view) VALUES (?1, ?2)";
        self.connection().execute(insert, params![job, view])?;
        Ok(())
    }

    /// The last view of a job.
    pub fn view(&self, job: &str) -> Result<Option<String>, OrchestratorError> {
        let select = "SELECT view FROM archive WHERE job = ?1";
        Ok(self
            .connection()
            .query_row(select, params![job], |row| row.get(0))
            .optional()?)
    }

    /// The last views of all archived jobs, newest first, at most `limit`.
    pub fn views(&self, limit: u32) -> Result<Vec<String>, OrchestratorError> {
        let connection = self.connection();
        let select = "SELECT view FROM archive ORDER BY rowid DESC LIMIT ?1";
        let mut statement = connection.prepare_cached(select)?;
        let rows = statement.query_map(params![limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), OrchestratorError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            let script = format!("BEGIN;{SCHEMA}PRAGMA user_version = {VERSION};COMMIT;");
            Ok(connection.execute_batch(&script)?)
        }
        VERSION => Ok(()),
        other => Err(OrchestratorError::StoreOfAnother {
            path: path.into(),
            found: format!("store version {other}"),
            expected: format!("store version {VERSION}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("millrace-store-{}-{name}.db", std::process::id()))
    }

    #[test]
    fn a_damaged_store_is_named_and_left_alone() {
        let path = path("damaged");
        std::fs::write(&path, b"this is no database, however long it may go on").unwrap();
        let refused = Store::open(&path, "n");
        assert!(matches!(
            refused,
            Err(OrchestratorError::StoreCorrupt { .. })
        ));
        assert!(path.exists());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_store_of_another_network_is_refused() {
        let path = path("network");
        drop(Store::open(&path, "one").unwrap());
        assert!(Store::open(&path, "one").is_ok());
        let refused = Store::open(&path, "two");
        assert!(matches!(
            refused,
            Err(OrchestratorError::StoreOfAnother { .. })
        ));
        std::fs::remove_file(path).unwrap();
    }
}
