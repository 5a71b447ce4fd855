//! Migration of stores of earlier versions, and refusal of later ones.

use super::behaviour::selection;
use super::*;
use crate::submissions::model::SeatKey;
use millrace_client::Pubkey;

/// Content as version 1 wrote it, in SQL that both databases accept.
fn content(bytes: impl Fn(u8, usize) -> String) -> String {
    let (job, provider, root) = (bytes(1, 32), bytes(2, 32), bytes(3, 32));
    let (signature, salt) = (bytes(4, 64), bytes(5, 32));
    format!(
        "INSERT INTO meta VALUES ('network', 'n');
         INSERT INTO journal VALUES ('sig', {root}, 7, 'assign it');
         INSERT INTO seats VALUES
            ({job}, 3, 1, {provider}, 2, {root}, {signature}, {root}, -1, {salt}, {root}, -4, 7, 'trap');
         INSERT INTO seats (job, shard, attempt, provider, seat, commitment, signature) VALUES
            ({job}, 4, 0, {provider}, 0, {root}, {signature});
         INSERT INTO failures VALUES ({job}, 3, {provider}, 'no room');
         INSERT INTO outcomes VALUES ({job}, 3, {root}, {root}, 0, 7, 'well');
         INSERT INTO archive VALUES ('older', 'first');
         INSERT INTO archive VALUES ('newer', 'second');"
    )
}

fn hex_of(byte: u8, count: usize) -> String {
    format!("{byte:02x}").repeat(count)
}

async fn assert_content_is_complete(store: &Store) {
    let submissions = store.load_submissions(Scope::All).await.unwrap();
    let key = |shard, attempt| SeatKey {
        job: Pubkey::new_from_array([1; 32]),
        shard,
        attempt,
        provider: Pubkey::new_from_array([2; 32]),
    };
    let shown = &submissions.by_seat[&key(3, 1)];
    assert_eq!((shown.seat, shown.signature), (2, [4; 64]));
    let revealed = shown.revealed.as_ref().unwrap();
    assert_eq!((revealed.units, revealed.exit), (u64::MAX, -4));
    assert_eq!((revealed.salt, revealed.reason.as_str()), ([5; 32], "trap"));
    assert_eq!(submissions.by_seat[&key(4, 0)].revealed, None);
    let job = key(3, 1).job;
    assert_eq!(
        submissions.failures[&(job, 3)][&key(3, 1).provider],
        "no room"
    );
    assert_eq!(submissions.settled[&(job, 3)].reason, "well");
    assert_eq!(store.views(9).await.unwrap(), ["second", "first"]);
    let left = store.adopt_entries("").await.unwrap();
    assert_eq!(left[0].signature, "sig");
    assert_eq!((left[0].last_valid_block_height, left.len()), (7, 1));
}

#[tokio::test]
async fn a_file_of_version_1_is_migrated_with_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../sql/schema/sqlite-1.sql"))
        .unwrap();
    old.execute_batch("PRAGMA user_version = 1").unwrap();
    let filled = content(|byte, count| format!("x'{}'", hex_of(byte, count)));
    old.execute_batch(&filled).unwrap();
    drop(old);
    for _ in 0..2 {
        let store = Store::open(&sqlite_at(&path), "n").await.unwrap();
        assert_content_is_complete(&store).await;
        store.close().await;
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    let refused = Store::open(&sqlite_at(&path), "n").await;
    assert!(matches!(
        refused,
        Err(StoreError::NewerVersion { found: 99, .. })
    ));
    let tables: i64 = newer
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn a_database_of_version_1_is_migrated_and_a_newer_one_is_refused() {
    let server = PostgresServer::start().unwrap();
    let location = new_database(&server, "old").await;
    let filled = content(|byte, count| format!("'\\x{}'::bytea", hex_of(byte, count)));
    let script = format!(
        "{} CREATE TABLE store_version (version BIGINT NOT NULL);
         INSERT INTO store_version VALUES (1); {filled}",
        include_str!("../sql/schema/postgres-1.sql")
    );
    execute(&server.url("old"), &script).await;
    // Two orchestrators can start at the same time.
    let both = tokio::join!(Store::open(&location, "n"), Store::open(&location, "n"));
    let (first, second) = (both.0.unwrap(), both.1.unwrap());
    assert_content_is_complete(&first).await;
    assert_content_is_complete(&second).await;
    execute(&server.url("old"), "UPDATE store_version SET version = 99").await;
    let refused = Store::open(&location, "n").await;
    assert!(matches!(
        refused,
        Err(StoreError::NewerVersion { found: 99, .. })
    ));
}

/// A selection record as version 3 wrote it.
fn selection_of_version_3(bytes: impl Fn(u8, usize) -> String) -> String {
    let record = serde_json::to_string(&selection(1, 2, 3)).unwrap();
    let job = bytes(1, 32);
    format!("INSERT INTO choices VALUES ({job}, 1, 1, 'provider', '{record}');")
}

async fn assert_selection_is_kept(location: &StoreLocation) {
    let store = Store::open(location, "n").await.unwrap();
    let job = Pubkey::new_from_array([1; 32]);
    let kept = store.selections(&job).await.unwrap();
    assert_eq!(kept, [selection(1, 2, 3)]);
    store
        .put_selection(&job, &selection(2, 2, 3), &Fence::exclusive(None))
        .await
        .unwrap();
    assert_eq!(store.selections(&job).await.unwrap().len(), 2);
    store.close().await;
}

#[tokio::test]
async fn selection_records_in_a_file_of_version_3_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    let filled = selection_of_version_3(|byte, count| format!("x'{}'", hex_of(byte, count)));
    for script in [
        include_str!("../sql/schema/sqlite-1.sql"),
        include_str!("../sql/schema/sqlite-2.sql"),
        include_str!("../sql/schema/sqlite-3.sql"),
        &filled,
        "PRAGMA user_version = 3",
    ] {
        old.execute_batch(script).unwrap();
    }
    drop(old);
    assert_selection_is_kept(&sqlite_at(&path)).await;
}

#[tokio::test]
async fn selection_records_in_a_database_of_version_3_are_kept() {
    let server = PostgresServer::start().unwrap();
    let location = new_database(&server, "old").await;
    let filled =
        selection_of_version_3(|byte, count| format!("'\\x{}'::bytea", hex_of(byte, count)));
    let script = [
        include_str!("../sql/schema/postgres-1.sql"),
        include_str!("../sql/schema/postgres-2.sql"),
        include_str!("../sql/schema/postgres-3.sql"),
        &filled,
        "CREATE TABLE store_version (version BIGINT NOT NULL);",
        "INSERT INTO store_version VALUES (3);",
    ];
    execute(&server.url("old"), &script.concat()).await;
    assert_selection_is_kept(&location).await;
}
