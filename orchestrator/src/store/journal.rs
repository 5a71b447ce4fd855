//! The journal of transactions. Each entry has an owner: the member that follows the transaction until it has
//! ended. The entries of an expired member are adopted by the first other member that looks.

use crate::leases::fence::Fence;
use crate::leases::set::LeaseSet;
use crate::store::error::StoreError;
use crate::store::fence::is_leased;
use crate::store::handle::Store;
use crate::store::sql::value::{Row, SqlValue};
use async_trait::async_trait;
use millrace_client::ChainError;
use millrace_client::tx::journal::{EndState, Journal, JournalEntry};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;

/// Number of the parameter with the owner of an entry.
const OWNER: usize = 5;

/// The journal of one orchestrator. Clones share their state.
#[derive(Clone)]
pub(crate) struct MemberJournal {
    store: Arc<Store>,
    leases: LeaseSet,
    /// Must hold when an entry is inserted.
    fences: Vec<Fence>,
    /// Signatures that this process follows.
    in_flight: Arc<Mutex<HashSet<String>>>,
}

impl MemberJournal {
    pub(crate) fn new(store: Arc<Store>, leases: LeaseSet) -> Self {
        Self {
            store,
            leases,
            fences: Vec::new(),
            in_flight: Arc::default(),
        }
    }

    /// The same journal for a transaction about jobs of the fences' partitions.
    pub(crate) fn fenced(&self, mut fences: Vec<Fence>) -> Self {
        // In the order of `Dialect::lease_locks`.
        fences.sort_by_key(Fence::partition_name);
        fences.dedup();
        Self {
            fences,
            ..self.clone()
        }
    }
}

fn failed(error: StoreError) -> ChainError {
    ChainError::journal(error)
}

#[async_trait]
impl Journal for MemberJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let written = if self.leases.is_exclusive() {
            self.store.begin_entry(entry).await.map(|()| true)
        } else {
            let member = self.leases.member();
            self.store
                .begin_fenced_entry(&member, entry, &self.fences)
                .await
        };
        if !written.map_err(failed)? {
            return Err(ChainError::journal(
                "this orchestrator's leases have expired or were lost; the transaction was not sent, \
                 and the member that holds the leases continues",
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

fn entry_values(entry: &JournalEntry, owner: &str) -> Vec<SqlValue> {
    vec![
        entry.signature.as_str().into(),
        entry.bytes.as_slice().into(),
        entry.last_valid_block_height.into(),
        entry.purpose.as_str().into(),
        owner.into(),
    ]
}

impl Store {
    /// Inserts an entry into an exclusive store, whose only member has an empty id.
    async fn begin_entry(&self, entry: &JournalEntry) -> Result<(), StoreError> {
        let insert = "INSERT INTO journal \
                      (signature, bytes, last_valid_block_height, purpose, owner) \
                      VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT (signature) DO UPDATE SET owner = excluded.owner";
        self.run(insert, entry_values(entry, "")).await?;
        Ok(())
    }

    /// Inserts an entry into a shared store. Returns false, without writing, if the membership has expired or
    /// one of the fences no longer holds: a process that was suspended cannot act.
    async fn begin_fenced_entry(
        &self,
        member: &str,
        entry: &JournalEntry,
        fences: &[Fence],
    ) -> Result<bool, StoreError> {
        let mut values = entry_values(entry, member);
        let mut conditions = String::new();
        for fence in fences {
            let Some(token) = fence.token().filter(|token| token.member == member) else {
                return Ok(false);
            };
            let (partition, epoch) = (values.len() + 1, values.len() + 2);
            conditions.push_str(" AND ");
            conditions.push_str(&is_leased(partition, OWNER, epoch));
            values.push(fence.partition_name().as_str().into());
            values.push(token.epoch.into());
        }
        let insert = format!(
            "INSERT INTO journal \
             (signature, bytes, last_valid_block_height, purpose, owner) \
             SELECT $1, $2, $3, $4, $5 WHERE EXISTS \
             (SELECT 1 FROM members WHERE member = ${OWNER} AND expires > {{now}}){conditions} \
             ON CONFLICT (signature) DO UPDATE SET owner = excluded.owner"
        );
        Ok(self.run(insert, values).await?.changed > 0)
    }

    /// The number of entries that have not ended, of all members.
    pub(crate) async fn journal_length(&self) -> Result<usize, StoreError> {
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
