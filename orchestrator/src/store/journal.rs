//! The journal of transactions, in the store.

use super::Store;
use millrace_chain::ChainError;
use millrace_chain::journal::{Ending, Entry, Journal};
use rusqlite::params;

fn failed(error: rusqlite::Error) -> ChainError {
    ChainError::Journal(error.to_string())
}

impl Journal for Store {
    fn begin(&self, entry: &Entry) -> Result<(), ChainError> {
        let insert = "INSERT OR REPLACE INTO journal \
                      (signature, bytes, last_valid_block_height, purpose) VALUES (?1, ?2, ?3, ?4)";
        let height = i64::try_from(entry.last_valid_block_height).unwrap_or(i64::MAX);
        let row = params![entry.signature, entry.bytes, height, entry.purpose];
        self.connection().execute(insert, row).map_err(failed)?;
        Ok(())
    }

    fn end(&self, signature: &str, _: Ending) -> Result<(), ChainError> {
        let delete = "DELETE FROM journal WHERE signature = ?1";
        self.connection()
            .execute(delete, params![signature])
            .map_err(failed)?;
        Ok(())
    }

    fn open(&self) -> Result<Vec<Entry>, ChainError> {
        let connection = self.connection();
        let select = "SELECT signature, bytes, last_valid_block_height, purpose FROM journal";
        let mut statement = connection.prepare_cached(select).map_err(failed)?;
        let rows = statement.query_map([], |row| {
            let height: i64 = row.get(2)?;
            Ok(Entry {
                signature: row.get(0)?,
                bytes: row.get(1)?,
                last_valid_block_height: u64::try_from(height).unwrap_or(0),
                purpose: row.get(3)?,
            })
        });
        rows.map_err(failed)?
            .collect::<Result<_, _>>()
            .map_err(failed)
    }
}
