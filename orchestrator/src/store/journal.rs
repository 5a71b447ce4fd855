//! The journal of transactions, in the store. Each entry has an owner: the member of the store that
//! sees it through. What a dead one left open is taken over by whoever looks first.

use super::{Store, StoreError};
use crate::leases::set::LeaseSet;
use async_trait::async_trait;
use millrace_client::ChainError;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

/// The journal of one orchestrator.
pub struct MemberJournal {
    store: Arc<Store>,
    leases: LeaseSet,
    /// Signatures that this process sees through.
    under_way: Mutex<HashSet<String>>,
}

impl MemberJournal {
    /// The journal of who holds `tenure`.
    pub fn new(store: Arc<Store>, leases: LeaseSet) -> Self {
        Self {
            store,
            leases,
            under_way: Mutex::default(),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<String>> {
        // A poisoned lock still holds whole entries: each change is a single insert or remove.
        self.under_way
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn failed(error: StoreError) -> ChainError {
    ChainError::journal(error)
}

#[async_trait]
impl Journal for MemberJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let member = self.leases.member();
        let begun = self.store.begin_entry(&member, entry).await;
        if !begun.map_err(failed)? {
            return Err(ChainError::journal(
                "this orchestrator's leases have run out; nothing was sent, and whoever took them \
                 over goes on",
            ));
        }
        self.under_way().insert(entry.signature.clone());
        Ok(())
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        self.store.end_entry(signature).await.map_err(failed)?;
        self.under_way().remove(signature);
        Ok(())
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        let member = self.leases.member();
        let mut entries = self.store.adopt_entries(&member).await.map_err(failed)?;
        let under_way = self.under_way();
        entries.retain(|entry| !under_way.contains(&entry.signature));
        Ok(entries)
    }
}

impl Store {
    /// Writes an entry down. False, and nothing is written, where the member's time is over: the
    /// database itself keeps one that was asleep from acting. A store that nobody shares has the
    /// empty name for its only member.
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

    /// Entries that have not ended, whoever sees them through.
    pub async fn journal_length(&self) -> Result<usize, StoreError> {
        let rows = self.rows("SELECT COUNT(*) FROM journal", []).await?;
        rows.first().map_or(Ok(0), |row| row.small(0))
    }

    async fn end_entry(&self, signature: &str) -> Result<(), StoreError> {
        let delete = "DELETE FROM journal WHERE signature = $1";
        self.run(delete, [signature.into()]).await?;
        Ok(())
    }

    /// Takes over what members left open that are no more; gives that and what is the member's own.
    pub(super) async fn adopt_entries(
        &self,
        member: &str,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let update = "UPDATE journal SET owner = $1 WHERE owner = $1 OR NOT EXISTS \
                      (SELECT 1 FROM members WHERE member = journal.owner AND expires > {now}) \
                      RETURNING signature, bytes, last_valid_block_height, purpose";
        let rows = self.rows(update, [member.into()]).await?;
        let entry = |row: &super::Row| {
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
