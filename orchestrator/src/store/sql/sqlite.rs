//! SQLite in WAL mode with full synchronization, so that everything written before a transaction is sent
//! survives a power failure. One thread owns the file. Statements that are queued together share one
//! commit, and so one disk sync.

use crate::store::error::StoreError;
use crate::store::sql::query::{Dialect, QueryResult, Statement};
use crate::store::sql::schema;
use crate::store::sql::value::{Row, SqlValue};
use parking_lot::Mutex;
use rusqlite::{Connection, params_from_iter};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Most statements that share a commit.
const MAX_BATCH: usize = 256;
/// One connection runs one statement at a time, so rows need no locks.
const DIALECT: Dialect = Dialect {
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    share_lock: "",
    lease_locks: "",
};

type ReplySender = oneshot::Sender<Result<QueryResult, StoreError>>;

struct Request {
    statement: Statement,
    reply: ReplySender,
}

pub(crate) struct Sqlite {
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    /// Opens or creates the file and migrates its schema to the current version. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
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
            .map_err(|source| StoreError::File {
                path: path.into(),
                source,
            })?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            worker: Mutex::new(Some(worker)),
        })
    }

    pub(crate) async fn run(&self, statement: Statement) -> Result<QueryResult, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { statement, reply };
        let queued = self
            .queue
            .lock()
            .as_ref()
            .is_some_and(|queue| queue.send(request).is_ok());
        if !queued {
            return Err(StoreError::Closed);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs the queued statements and closes the file.
    pub(crate) async fn close(&self) {
        drop(self.queue.lock().take());
        let worker = self.worker.lock().take();
        if let Some(worker) = worker {
            // If the thread has panicked, the panic hook has logged it.
            let _ = tokio::task::spawn_blocking(move || worker.join()).await;
        }
    }
}

/// Locks a file beside the store, so that one process at a time opens the store.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock_path = PathBuf::from(lock_path);
    let failed = |source| StoreError::File {
        path: lock_path.clone(),
        source,
    };
    let file = File::create(&lock_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(StoreError::statement)?;
    let found = connection
        .pragma_update(None, "journal_mode", "WAL")
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| connection.query_row("PRAGMA quick_check", [], |row| row.get(0)));
    let source = match found {
        Ok::<String, _>(text) if text == "ok" => return Ok(connection),
        Ok(text) => text.into(),
        Err(error) => error.into(),
    };
    Err(StoreError::Corrupt {
        path: path.into(),
        source,
    })
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(StoreError::statement)?;
    for step in schema::steps_from(version, &path.display().to_string())? {
        let (sql, reached) = (step.sqlite, step.version);
        let script = format!("BEGIN IMMEDIATE;{sql}PRAGMA user_version = {reached};COMMIT;");
        connection
            .execute_batch(&script)
            .map_err(StoreError::statement)?;
    }
    Ok(())
}

/// Serves requests until all senders are gone.
fn serve(connection: &Connection, requests: &mpsc::Receiver<Request>) {
    while let Ok(first) = requests.recv() {
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH
            && let Ok(next) = requests.try_recv()
        {
            batch.push(next);
        }
        run_batch(connection, batch);
    }
}

/// Runs statements in one transaction. A statement can fail without affecting the others. Success is
/// reported only after everything is on disk.
fn run_batch(connection: &Connection, batch: Vec<Request>) {
    let alone = batch.len() == 1;
    let begun = alone || connection.execute_batch("BEGIN IMMEDIATE").is_ok();
    let mut done: Vec<(ReplySender, Result<QueryResult, StoreError>)> =
        Vec::with_capacity(batch.len());
    for Request { statement, reply } in batch {
        let result = if begun {
            run(connection, &statement)
        } else {
            Err(StoreError::Failed("the database is locked".to_owned()))
        };
        done.push((reply, result));
    }
    // A full disk rolls the transaction back; then there is nothing to commit.
    let committed = alone
        || (begun
            && !connection.is_autocommit()
            && connection
                .execute_batch("COMMIT")
                .inspect_err(|_| drop(connection.execute_batch("ROLLBACK")))
                .is_ok());
    for (reply, result) in done {
        let lost = || StoreError::Failed("the changes could not be committed".to_owned());
        let result = result.and_then(|answer| if committed { Ok(answer) } else { Err(lost()) });
        // The caller may have been cancelled.
        let _ = reply.send(result);
    }
}

fn run(connection: &Connection, statement: &Statement) -> Result<QueryResult, StoreError> {
    let sql = statement.sql(&DIALECT);
    let mut prepared = connection
        .prepare_cached(&sql)
        .map_err(StoreError::statement)?;
    let columns = prepared.column_count();
    let given = params_from_iter(&statement.values);
    if columns == 0 {
        let changed = prepared.execute(given).map_err(StoreError::statement)? as u64;
        return Ok(QueryResult {
            changed,
            rows: Vec::new(),
        });
    }
    let read = |row: &rusqlite::Row| {
        let values = (0..columns).map(|at| row.get::<_, SqlValue>(at));
        values.collect::<rusqlite::Result<Vec<_>>>().map(Row)
    };
    let rows = prepared
        .query_map(given, read)
        .and_then(Iterator::collect::<rusqlite::Result<Vec<Row>>>)
        .map_err(StoreError::statement)?;
    Ok(QueryResult {
        changed: rows.len() as u64,
        rows,
    })
}
