//! SQLite in WAL mode with full synchronisation, so that what was written before a transaction is sent
//! survives a power cut. One thread owns the file; statements that wait together share one commit,
//! and so one wait for the disk.

use crate::store::sql::database::Answer;

use crate::store::StoreError;
use crate::store::sql::database::Statement;
use crate::store::sql::schema;
use crate::store::sql::value::{Row, Value};
use rusqlite::{Connection, params_from_iter};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Statements that share a commit, at most.
const MOST_AT_ONCE: usize = 256;
/// The time in milliseconds since 1970, in SQL.
const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

type Reply = oneshot::Sender<Result<Answer, StoreError>>;

/// A statement with who waits for it.
struct Request {
    statement: Statement,
    reply: Reply,
}

/// An open file.
pub struct Sqlite {
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    /// Opens or makes the file, and brings its tables to the present version. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let connection = connect(path)?;
        migrate(&connection, path)?;
        let (queue, requests) = mpsc::channel();
        let work = move || {
            let _lock = lock;
            serve(&connection, &requests);
        };
        let worker = std::thread::Builder::new()
            .name("store".into())
            .spawn(work)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            worker: Mutex::new(Some(worker)),
        })
    }

    fn queue(&self) -> MutexGuard<'_, Option<mpsc::Sender<Request>>> {
        // A poisoned lock still holds the queue or none.
        self.queue
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs a statement.
    pub async fn run(&self, statement: Statement) -> Result<Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { statement, reply };
        let queued = self
            .queue()
            .as_ref()
            .is_some_and(|queue| queue.send(request).is_ok());
        if !queued {
            return Err(StoreError::Closed);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Finishes what waits, and lets go of the file.
    pub async fn close(&self) {
        drop(self.queue().take());
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .take();
        if let Some(worker) = worker {
            // A panic there has been logged by its thread.
            let _ = tokio::task::spawn_blocking(move || worker.join()).await;
        }
    }
}

/// The file beside the store that one process holds at a time.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let failed =
        |error: std::io::Error| StoreError::Failed(format!("{}: {error}", beside.display()));
    let file = File::create(&beside).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt {
        path: path.into(),
        reason,
    };
    let connection = Connection::open(path).map_err(failed)?;
    let found = connection
        .pragma_update(None, "journal_mode", "WAL")
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| connection.query_row("PRAGMA quick_check", [], |row| row.get(0)));
    match found {
        Ok::<String, _>(text) if text == "ok" => Ok(connection),
        Ok(text) => Err(corrupt(text)),
        Err(error) => Err(corrupt(error.to_string())),
    }
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(failed)?;
    for step in schema::steps_from(version, &path.display().to_string())? {
        let (sql, reached) = (step.sqlite, step.version);
        let script = format!("BEGIN IMMEDIATE;{sql}PRAGMA user_version = {reached};COMMIT;");
        connection.execute_batch(&script).map_err(failed)?;
    }
    Ok(())
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// Serves requests until nobody can send any more.
fn serve(connection: &Connection, requests: &mpsc::Receiver<Request>) {
    while let Ok(first) = requests.recv() {
        let mut batch = vec![first];
        while batch.len() < MOST_AT_ONCE
            && let Ok(next) = requests.try_recv()
        {
            batch.push(next);
        }
        serve_together(connection, batch);
    }
}

/// Runs statements in one transaction. Each may fail for itself; nobody hears of success before all
/// is on the disk.
fn serve_together(connection: &Connection, batch: Vec<Request>) {
    let alone = batch.len() == 1;
    let begun = alone || connection.execute_batch("BEGIN IMMEDIATE").is_ok();
    let mut done: Vec<(Reply, Result<Answer, StoreError>)> = Vec::with_capacity(batch.len());
    for Request { statement, reply } in batch {
        let result = match begun {
            true => run(connection, &statement),
            false => Err(StoreError::Failed("the database is locked".to_owned())),
        };
        done.push((reply, result));
    }
    // A full disk rolls the transaction back by itself; then there is nothing to commit.
    let kept = alone
        || (begun
            && !connection.is_autocommit()
            && connection
                .execute_batch("COMMIT")
                .inspect_err(|_| drop(connection.execute_batch("ROLLBACK")))
                .is_ok());
    for (reply, result) in done {
        let lost = || StoreError::Failed("the changes could not be committed".to_owned());
        let result = result.and_then(|answer| if kept { Ok(answer) } else { Err(lost()) });
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }
}

fn run(connection: &Connection, statement: &Statement) -> Result<Answer, StoreError> {
    let sql = statement.sql(NOW);
    let mut prepared = connection.prepare_cached(&sql).map_err(failed)?;
    let columns = prepared.column_count();
    let given = params_from_iter(&statement.values);
    if columns == 0 {
        let changed = prepared.execute(given).map_err(failed)? as u64;
        return Ok(Answer {
            changed,
            rows: Vec::new(),
        });
    }
    let read = |row: &rusqlite::Row| {
        let values = (0..columns).map(|at| row.get::<_, Value>(at));
        values.collect::<rusqlite::Result<Vec<_>>>().map(Row)
    };
    let rows = prepared.query_map(given, read).map_err(failed)?;
    let rows: Vec<Row> = rows.collect::<Result<_, _>>().map_err(failed)?;
    Ok(Answer {
        changed: rows.len() as u64,
        rows,
    })
}
