//! History in the store: events in the order in which they happened, and how far they reach.

use super::Store;
use crate::error::OrchestratorError;
use async_trait::async_trait;
use millrace_chain::ChainError;
use millrace_chain::event::Event;
use millrace_chain::history::{Cursor, CursorStore, Recorded};
use rusqlite::{OptionalExtension, Row, params};

/// Made where they are missing, so that an older store gets them too.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    slot INTEGER NOT NULL, time INTEGER,
    signature TEXT NOT NULL, instruction INTEGER NOT NULL, position INTEGER NOT NULL,
    name TEXT NOT NULL, job TEXT, fields TEXT NOT NULL,
    UNIQUE (signature, instruction, position)
) STRICT;
CREATE INDEX IF NOT EXISTS events_by_job ON events (job, number);
CREATE TABLE IF NOT EXISTS history (
    only INTEGER PRIMARY KEY CHECK (only = 0), slot INTEGER NOT NULL, signature TEXT NOT NULL
) STRICT;
";

fn failed(error: impl std::fmt::Display) -> ChainError {
    ChainError::Journal(error.to_string())
}

/// SQLite holds signed integers; the bits stay the same both ways.
fn slot(row: &Row, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::cast_unsigned)
}

#[async_trait]
impl CursorStore for Store {
    async fn load(&self) -> Result<Option<Cursor>, ChainError> {
        let select = "SELECT slot, signature FROM history";
        let cursor = |row: &Row| {
            Ok(Cursor {
                slot: slot(row, 0)?,
                signature: row.get(1)?,
            })
        };
        let connection = self.connection();
        let found = connection.query_row(select, [], cursor).optional();
        found.map_err(failed)
    }

    async fn save(&self, cursor: &Cursor, events: &[Recorded]) -> Result<(), ChainError> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(failed)?;
        let insert = "INSERT OR IGNORE INTO events \
                      (slot, time, signature, instruction, position, name, job, fields) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        for one in events {
            let fields = serde_json::to_string(&one.event.fields).map_err(failed)?;
            let row = params![
                one.slot.cast_signed(),
                one.time,
                one.signature,
                one.instruction,
                one.position,
                one.event.name,
                one.event.job(),
                fields
            ];
            transaction.execute(insert, row).map_err(failed)?;
        }
        let replace = "INSERT OR REPLACE INTO history (only, slot, signature) VALUES (0, ?1, ?2)";
        let row = params![cursor.slot.cast_signed(), cursor.signature];
        transaction.execute(replace, row).map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

impl Store {
    /// At most `limit` events after the one with the number `after`, of one job or of all, each with its
    /// number.
    pub fn events(
        &self,
        after: i64,
        job: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(i64, Recorded)>, OrchestratorError> {
        let connection = self.connection();
        let select = "SELECT number, slot, time, signature, instruction, position, name, fields \
                      FROM events WHERE number > ?1 AND (?2 IS NULL OR job = ?2) \
                      ORDER BY number LIMIT ?3";
        let mut statement = connection.prepare_cached(select)?;
        let rows = statement.query_map(params![after, job, limit], |row| {
            let fields: String = row.get(7)?;
            let recorded = Recorded {
                slot: slot(row, 1)?,
                time: row.get(2)?,
                signature: row.get(3)?,
                instruction: row.get(4)?,
                position: row.get(5)?,
                event: Event {
                    name: row.get(6)?,
                    // It was written by this file.
                    fields: serde_json::from_str(&fields).unwrap_or_default(),
                },
            };
            Ok((row.get(0)?, recorded))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn recorded(signature: &str, position: u32, job: &str) -> Recorded {
        let fields = serde_json::json!({ "job": job, "paid": u64::MAX });
        Recorded {
            slot: u64::MAX,
            time: None,
            signature: signature.into(),
            instruction: 1,
            position,
            event: Event {
                name: "ShardSettled".into(),
                fields: fields.as_object().unwrap().clone(),
            },
        }
    }

    #[tokio::test]
    async fn events_are_kept_once_in_their_order_and_the_cursor_with_them() {
        let path = std::env::temp_dir().join(format!("millrace-events-{}.db", std::process::id()));
        let store = Store::open(&path, "n").unwrap();
        assert_eq!(store.load().await.unwrap(), None);
        let cursor = |slot| Cursor {
            slot,
            signature: "b".into(),
        };
        let (a, b) = (recorded("a", 0, "one"), recorded("a", 1, "two"));
        store
            .save(&cursor(1), &[a.clone(), b.clone()])
            .await
            .unwrap();
        drop(store);
        let store = Store::open(&path, "n").unwrap();
        let c = recorded("b", 0, "one");
        store
            .save(&cursor(2), &[b.clone(), c.clone()])
            .await
            .unwrap();
        assert_eq!(store.load().await.unwrap(), Some(cursor(2)));
        let all = store.events(0, None, 9).unwrap();
        let events: Vec<&Recorded> = all.iter().map(|(_, one)| one).collect();
        assert_eq!(events, [&a, &b, &c]);
        assert_eq!(store.events(all[0].0, None, 1).unwrap()[0].1, b);
        let of_one = store.events(0, Some("one"), 9).unwrap();
        assert_eq!(of_one.len(), 2);
        assert!(store.events(all[2].0, None, 9).unwrap().is_empty());
        std::fs::remove_file(path).unwrap();
    }
}
