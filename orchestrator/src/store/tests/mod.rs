//! Tests that every store has to pass, on SQLite and PostgreSQL.
#![allow(clippy::unwrap_used)]

// By path: a dev-dependency on the testkit, which depends on this crate, would build this crate twice.
#[path = "../../../../testkit/src/postgres.rs"]
mod server;

mod behaviour;
mod upgrade;

use super::*;
use server::PostgresServer;
use std::path::Path;

fn sqlite_at(path: &Path) -> StoreLocation {
    StoreLocation::Sqlite(path.to_owned())
}

/// Creates an empty database.
async fn new_database(server: &PostgresServer, name: &str) -> StoreLocation {
    execute(&server.url("postgres"), &format!("CREATE DATABASE {name}")).await;
    server.url(name).parse().unwrap()
}

/// Runs a script directly on the database.
async fn execute(url: &str, script: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let running = tokio::spawn(connection);
    client.batch_execute(script).await.unwrap();
    drop(client);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_corrupt_file_is_reported_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(
        &path,
        b"this is not a database, but it is long enough to have a header",
    )
    .unwrap();
    let refused = Store::open(&sqlite_at(&path), "n").await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })));
    assert!(path.exists());
}

#[tokio::test]
async fn a_file_is_opened_by_one_orchestrator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let location = sqlite_at(&folder.path().join("store.db"));
    let store = Store::open(&location, "n").await.unwrap();
    let refused = Store::open(&location, "n").await;
    assert!(matches!(refused, Err(StoreError::InUse { .. })));
    store.close().await;
    let late = store.put_view("job", "view").await;
    assert!(matches!(late, Err(StoreError::Closed)));
    Store::open(&location, "n").await.unwrap();
}

#[tokio::test]
async fn an_unreachable_database_is_reported_without_its_password() {
    let location: StoreLocation = "postgres://mill:secret@127.0.0.1:1/race".parse().unwrap();
    let Err(refused) = Store::open(&location, "n").await else {
        panic!("a database is listening on port 1");
    };
    assert!(
        matches!(refused, StoreError::Unreachable { .. }),
        "{refused}"
    );
    let text = refused.to_string();
    assert!(
        text.contains("127.0.0.1:1/race") && !text.contains("secret"),
        "{text}"
    );
}
