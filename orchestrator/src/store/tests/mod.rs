//! What holds for a store, on each database.
#![allow(clippy::unwrap_used)]

// By path: a dev-dependency on the testkit, which depends on this crate, would build this crate twice.
#[path = "../../../../testkit/src/postgres.rs"]
mod server;

mod behaviour;
mod upgrade;

use super::*;
use server::PostgresServer;
use std::path::Path;

fn in_file(path: &Path) -> StoreLocation {
    StoreLocation::Sqlite(path.to_owned())
}

/// Makes an empty database.
async fn new_database(server: &PostgresServer, name: &str) -> StoreLocation {
    execute(&server.url("postgres"), &format!("CREATE DATABASE {name}")).await;
    server.url(name).parse().unwrap()
}

/// Runs a script, past the store.
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
async fn a_damaged_file_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, b"this is no database, however long it may go on").unwrap();
    let refused = Store::open(&in_file(&path), "n").await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })));
    assert!(path.exists());
}

#[tokio::test]
async fn a_file_is_one_orchestrators_until_that_lets_go_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = in_file(&folder.path().join("store.db"));
    let store = Store::open(&place, "n").await.unwrap();
    let refused = Store::open(&place, "n").await;
    assert!(matches!(refused, Err(StoreError::InUse { .. })));
    store.close().await;
    let late = store.put_view("job", "view").await;
    assert!(matches!(late, Err(StoreError::Closed)));
    Store::open(&place, "n").await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named_without_its_password() {
    let place: StoreLocation = "postgres://mill:geheim@127.0.0.1:1/race".parse().unwrap();
    let Err(refused) = Store::open(&place, "n").await else {
        panic!("there is a database on port 1");
    };
    assert!(
        matches!(refused, StoreError::Unreachable { .. }),
        "{refused}"
    );
    let text = refused.to_string();
    assert!(
        text.contains("127.0.0.1:1/race") && !text.contains("geheim"),
        "{text}"
    );
}
