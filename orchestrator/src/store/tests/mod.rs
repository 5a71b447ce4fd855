//! Tests that every store has to pass, on SQLite and PostgreSQL.
#![allow(clippy::unwrap_used)]

// By path: a dev-dependency on the testkit, which depends on this crate, would build this crate twice.
#[expect(unreachable_pub, reason = "public in the testkit")]
#[path = "../../../../testkit/src/postgres.rs"]
mod server;

mod behaviour;
mod upgrade;

use super::*;
use crate::leases::fence::Fence;
use crate::leases::partition::{Member, Partition};
use crate::submissions::model::{SeatKey, Submission};
use millrace_client::Pubkey;
use server::PostgresServer;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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
    let late = store.put_view("job", "view", &Fence::exclusive(None)).await;
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

#[tokio::test]
async fn a_fenced_write_waits_for_a_takeover_and_is_refused() {
    let server = PostgresServer::start().unwrap();
    let location = new_database(&server, "takeover").await;
    let store = Arc::new(Store::open(&location, "n").await.unwrap());
    let ttl = Duration::from_secs(60);
    let me = Member {
        id: "a".to_owned(),
        orchestrator: Pubkey::new_unique(),
    };
    store.join(&me, ttl).await.unwrap();
    let partition = Partition::all_for(&me.orchestrator).next().unwrap();
    let taken = store.take("a", &[partition], ttl).await.unwrap();
    let fence = Fence::leased(partition, "a", taken[&partition]);

    // Another member's takeover that has not committed yet.
    let url = server.url("takeover");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    let running = tokio::spawn(connection);
    let take = format!(
        "BEGIN; UPDATE leases SET member = 'b', epoch = epoch + 1 WHERE bucket = '{partition}'"
    );
    client.batch_execute(&take).await.unwrap();

    let write = tokio::spawn({
        let store = store.clone();
        async move {
            let seat = SeatKey {
                job: Pubkey::new_unique(),
                shard: 0,
                attempt: 0,
                provider: Pubkey::new_unique(),
            };
            let submission = Submission {
                seat: 0,
                commitment: [1; 32],
                signature: [2; 64],
                revealed: None,
            };
            store.put_commitment(&seat, &submission, &fence).await
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!write.is_finished(), "the write did not wait");
    client.batch_execute("COMMIT").await.unwrap();
    let refused = write.await.unwrap();
    assert!(
        matches!(refused, Err(StoreError::LeaseLost { .. })),
        "{refused:?}"
    );
    let stored = store.load_submissions(Scope::All).await.unwrap();
    assert!(stored.by_seat.is_empty());
    drop(client);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_encrypted_connection_requires_a_trusted_certificate_and_its_name() {
    let server = PostgresServer::start_encrypted().unwrap();
    let url = server.url("postgres");
    let roots = format!("sslrootcert={}", server.certificate().display());
    let open = async |url: String| {
        let opened = Store::open(&url.parse().unwrap(), "n").await;
        opened.map(drop)
    };
    for accepted in [
        format!("{url}?{roots}"),
        format!("{url}?sslmode=verify-full&{roots}"),
    ] {
        open(accepted).await.unwrap();
    }
    let other_name = url.replace("127.0.0.1", "localhost");
    for refused in [
        // The certificate is not from a public authority.
        format!("{url}?sslmode=require"),
        format!("{other_name}?{roots}"),
        // The server refuses.
        format!("{url}?sslmode=disable&{roots}"),
    ] {
        let error = open(refused).await.unwrap_err();
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    }
    let missing = open(format!("{url}?sslrootcert=/missing.pem")).await;
    assert!(
        matches!(missing, Err(StoreError::Certificates { .. })),
        "{missing:?}"
    );
}
