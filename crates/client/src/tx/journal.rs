//! Where a transaction is written down before it is sent, so that a crash in between can be told
//! from a transaction that never was.

use crate::error::ChainError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

/// A signed transaction on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its first signature, base58.
    pub signature: String,
    /// Its bytes, as sent.
    pub bytes: Vec<u8>,
    /// Block height after which it can't land any more.
    pub last_valid_block_height: u64,
    /// What it is for; one purpose has one transaction on its way at a time.
    pub purpose: String,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// Confirmed.
    Landed,
    /// It failed on chain.
    Failed,
    /// It can't land any more.
    Expired,
}

/// Keeps entries until they have ended.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes an entry down, durably, before it is sent.
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError>;
    /// Notes how it ended.
    async fn end(&self, signature: &str, ending: EndState) -> Result<(), ChainError>;
    /// Entries that have not ended and that nobody sees through: a process that has ended left them.
    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError>;
}

/// A journal that dies with the process: for tests and for reading commands.
#[derive(Default)]
pub struct MemoryJournal(Mutex<HashMap<String, JournalEntry>>);

impl MemoryJournal {
    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, JournalEntry>> {
        // A poisoned lock still holds whole entries: each change is a single insert or remove.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        self.entries()
            .insert(entry.signature.clone(), entry.clone());
        Ok(())
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        self.entries().remove(signature);
        Ok(())
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        Ok(self.entries().values().cloned().collect())
    }
}

/// A journal of one file for each open transaction, for the command line.
pub struct FileJournal {
    folder: PathBuf,
}

impl FileJournal {
    /// A journal in `folder`, which is made if it is missing.
    pub fn new(folder: PathBuf) -> Result<Self, ChainError> {
        fs::create_dir_all(&folder).map_err(journal_error)?;
        Ok(Self { folder })
    }

    fn path(&self, signature: &str) -> PathBuf {
        self.folder.join(format!("{signature}.json"))
    }
}

fn journal_error(error: impl std::fmt::Display) -> ChainError {
    ChainError::Journal(error.to_string())
}

#[async_trait]
impl Journal for FileJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let text = serde_json::to_vec(entry).map_err(journal_error)?;
        let path = self.path(&entry.signature);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(journal_error)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(journal_error)
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        match fs::remove_file(self.path(signature)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(journal_error(e)),
            _ => Ok(()),
        }
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(journal_error)? {
            let path = file.map_err(journal_error)?.path();
            let text = fs::read(&path).map_err(journal_error)?;
            // A file cut short by a crash was never sent: it is synced before the send.
            if let Ok(entry) = serde_json::from_slice(&text) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn an_open_entry_survives_a_restart_and_an_ended_one_does_not() {
        let folder = std::env::temp_dir().join(format!("millrace-journal-{}", std::process::id()));
        let entry = |name: &str| JournalEntry {
            signature: name.into(),
            bytes: vec![1, 2],
            last_valid_block_height: 7,
            purpose: "test".into(),
        };
        let journal = FileJournal::new(folder.clone()).unwrap();
        journal.begin(&entry("a")).await.unwrap();
        journal.begin(&entry("b")).await.unwrap();
        journal.end("a", EndState::Landed).await.unwrap();
        fs::write(folder.join("torn.json"), b"{\"sig").unwrap();
        let again = FileJournal::new(folder.clone()).unwrap();
        assert_eq!(again.unfinished().await.unwrap(), vec![entry("b")]);
        fs::remove_dir_all(folder).unwrap();
    }
}
