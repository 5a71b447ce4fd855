//! The history of the program's events, in the order in which they happened, and the cursor behind the last
//! one.

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::value::{Row, SqlValue};
use async_trait::async_trait;
use millrace_client::ChainError;
use millrace_client::error::BoxError;
use millrace_client::events::ProgramEvent;
use millrace_client::history::{Cursor, CursorStore, RecordedEvent};

/// Most events per statement. One statement inserts many, so that their numbers follow their order.
const MAX_INSERT: usize = 100;

fn failed(error: impl Into<BoxError>) -> ChainError {
    ChainError::event_store(error)
}

#[async_trait]
impl CursorStore for Store {
    async fn load(&self) -> Result<Option<Cursor>, ChainError> {
        let rows = self.rows("SELECT slot, signature FROM history", []).await;
        let cursor = |row: &Row| {
            Ok::<_, StoreError>(Cursor {
                slot: row.unsigned(0)?,
                signature: row.text(1)?,
            })
        };
        let rows = rows.map_err(failed)?;
        rows.first().map(cursor).transpose().map_err(failed)
    }

    /// Writes the events before the cursor. If the cursor is lost, the same events are read again, and
    /// duplicates are ignored.
    async fn save(&self, cursor: &Cursor, events: &[RecordedEvent]) -> Result<(), ChainError> {
        for chunk in events.chunks(MAX_INSERT) {
            self.put_events(chunk).await?;
        }
        let replace = "INSERT INTO history (\"only\", slot, signature) VALUES (0, $1, $2) \
                       ON CONFLICT (\"only\") DO UPDATE \
                       SET slot = excluded.slot, signature = excluded.signature";
        let values = [cursor.slot.into(), cursor.signature.as_str().into()];
        self.run(replace, values).await.map_err(failed)?;
        Ok(())
    }
}

impl Store {
    async fn put_events(&self, events: &[RecordedEvent]) -> Result<(), ChainError> {
        let (mut rows, mut values) = (Vec::new(), Vec::<SqlValue>::new());
        for one in events {
            let first = values.len() + 1;
            let numbers: Vec<String> = (first..first + 8).map(|n| format!("${n}")).collect();
            rows.push(format!("({})", numbers.join(", ")));
            let fields = serde_json::to_string(&one.event.fields()).map_err(failed)?;
            let job = one.event.job().map(|job| job.to_string());
            values.extend([
                one.slot.into(),
                one.time.map_or(SqlValue::Null, SqlValue::from),
                one.signature.as_str().into(),
                one.instruction.into(),
                one.position.into(),
                one.event.name().into(),
                job.as_deref().map_or(SqlValue::Null, SqlValue::from),
                fields.as_str().into(),
            ]);
        }
        let insert = format!(
            "INSERT INTO events \
             (slot, time, signature, instruction, position, name, job, fields) \
             VALUES {} ON CONFLICT DO NOTHING",
            rows.join(", ")
        );
        self.run(insert, values).await.map_err(failed)?;
        Ok(())
    }

    /// At most `limit` events with numbers above `after`, of one job or of all jobs, each with its number.
    pub(crate) async fn events(
        &self,
        after: i64,
        job: Option<&str>,
        limit: u32,
    ) -> Result<Vec<(i64, RecordedEvent)>, StoreError> {
        let select = "SELECT number, slot, time, signature, instruction, position, name, fields \
                      FROM events WHERE number > $1 AND (job = $2 OR $2 IS NULL) \
                      ORDER BY number LIMIT $3";
        let job = job.map_or(SqlValue::Null, SqlValue::from);
        let rows = self.rows(select, [after.into(), job, limit.into()]).await?;
        let event = |row: &Row| {
            let recorded = RecordedEvent {
                slot: row.unsigned(1)?,
                time: if row.is_null(2) {
                    None
                } else {
                    Some(row.int(2)?)
                },
                signature: row.text(3)?,
                instruction: row.small(4)?,
                position: row.small(5)?,
                event: ProgramEvent::from_fields(
                    row.text(6)?,
                    // Written by `put_events`, so it is valid JSON.
                    serde_json::from_str(&row.text(7)?).unwrap_or_default(),
                ),
            };
            Ok((row.int(0)?, recorded))
        };
        rows.iter().map(event).collect()
    }
}
