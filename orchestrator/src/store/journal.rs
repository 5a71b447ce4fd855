//! The journal of transactions. Each entry has an owner: the member that follows the transaction until it has
//! ended. The entries of an expired member are adopted by the first other member that looks.

use crate::leases::set::LeaseSet;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::value::Row;
use async_trait::async_trait;
use millrace_client::ChainError;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// The journal of one orchestrator.
pub struct MemberJournal {
    store: Arc<Store>,
    leases: LeaseSet,
    /// Signatures that this process follows.
    in_flight: Mutex<HashSet<String>>,
}

impl MemberJournal {
    pub fn new(store: Arc<Store>, leases: LeaseSet) -> Self {
        Self {
            store,
            leases,
            in_flight: Mutex::default(),
        }
    }
}

fn failed(error: StoreError) -> ChainError {
    ChainError::journal(error)
}

#[async_trait]
impl Journal for MemberJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let member = self.leases.member();
        let written = self.store.begin_entry(&member, entry).await;
        if !written.map_err(failed)? {
            return Err(ChainError::journal(
                "this orchestrator's leases have expired; the transaction was not sent, and the member \
                 that took the leases over continues",
            ));
        }
        self.in_flight.lock().insert(entry.signature.clone());
        Ok(())
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        self.store.end_entry(signature).await.map_err(failed)?;
        self.in_flight.lock().remove(signature);
        Ok(())
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        let member = self.leases.member();
        let mut entries = self.store.adopt_entries(&member).await.map_err(failed)?;
        let in_flight = self.in_flight.lock();
        entries.retain(|entry| !in_flight.contains(&entry.signature));
        Ok(entries)
    }
}

impl Store {
    /// Inserts an entry. Returns false, without writing, if the member has expired: a process that was
    /// suspended cannot act. The only member of an exclusive store has an empty id.
    async fn begin_entry(&self, member: &str, entry: &JournalEntry) -> Result<bool, StoreError> {
        let insert = "INSERT INTO journal \
                      (signature, bytes, last_valid_block_height, purpose, owner) \
                      SELECT $1, $2, $3, $4, $5 WHERE $5 = '' OR EXISTS \
                      (SELECT 1 FROM members WHERE member = $5 AND expires > {now}) \
                      ON CONFLICT (signature) DO UPDATE SET owner = excluded.owner";
        let values = [
            entry.signature.as_str().into(),
            entry.bytes.as_slice().into(),
            entry.last_valid_block_height.into(),
            entry.purpose.as_str().into(),
            member.into(),
        ];
        Ok(self.run(insert, values).await?.changed > 0)
    }

    /// The number of entries that have not ended, of all members.
    pub async fn journal_length(&self) -> Result<usize, StoreError> {
        let rows = self.rows("SELECT COUNT(*) FROM journal", []).await?;
        rows.first().map_or(Ok(0), |row| row.small(0))
    }

    async fn end_entry(&self, signature: &str) -> Result<(), StoreError> {
        let delete = "DELETE FROM journal WHERE signature = $1";
        self.run(delete, [signature.into()]).await?;
        Ok(())
    }

    /// Adopts the entries of expired members, and returns them with the member's own.
    pub(super) async fn adopt_entries(
        &self,
        member: &str,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let update = "UPDATE journal SET owner = $1 WHERE owner = $1 OR NOT EXISTS \
                      (SELECT 1 FROM members WHERE member = journal.owner AND expires > {now}) \
                      RETURNING signature, bytes, last_valid_block_height, purpose";
        let rows = self.rows(update, [member.into()]).await?;
        let entry = |row: &Row| {
            Ok(JournalEntry {
                signature: row.text(0)?,
                bytes: row.bytes(1)?,
                last_valid_block_height: row.unsigned(2)?,
                purpose: row.text(3)?,
            })
        };
        rows.iter().map(entry).collect()
    }
}
