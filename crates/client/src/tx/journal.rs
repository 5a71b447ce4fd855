//! Journals of transactions. Each is written before it is sent, so that after a crash its outcome can
//! still be determined.

use crate::error::ChainError;
use async_trait::async_trait;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

/// A signed transaction in flight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its first signature, base58.
    pub signature: String,
    /// Its bytes, as sent.
    pub bytes: Vec<u8>,
    /// Block height after which it cannot land.
    pub last_valid_block_height: u64,
    /// What the transaction is for, in words.
    pub purpose: String,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndState {
    /// It succeeded on chain.
    Landed,
    /// It failed on chain.
    Failed,
    /// It can no longer land.
    Expired,
}

/// Keeps entries until their transactions have ended.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes an entry durably. Called before the transaction is sent.
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError>;
    /// Removes an entry whose transaction ended.
    async fn end(&self, signature: &str, ending: EndState) -> Result<(), ChainError>;
    /// Entries of processes that are gone, whose transactions have not ended.
    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError>;
}

/// A journal that is lost with the process: for tests, and for transactions that need none because a
/// repeated run finds on chain what is left to do.
#[derive(Default)]
pub struct MemoryJournal(Mutex<HashMap<String, JournalEntry>>);

#[async_trait]
impl Journal for MemoryJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        self.0.lock().insert(entry.signature.clone(), entry.clone());
        Ok(())
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        self.0.lock().remove(signature);
        Ok(())
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        Ok(self.0.lock().values().cloned().collect())
    }
}

/// A journal with one file per transaction in flight, for the command line.
pub struct FileJournal {
    folder: PathBuf,
}

impl FileJournal {
    /// A journal in `folder`, which is created if it is missing.
    ///
    /// # Errors
    /// [`ChainError::Journal`] if the folder cannot be created.
    pub fn new(folder: PathBuf) -> Result<Self, ChainError> {
        fs::create_dir_all(&folder).map_err(ChainError::journal)?;
        Ok(Self { folder })
    }

    fn path(&self, signature: &str) -> PathBuf {
        self.folder.join(format!("{signature}.json"))
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn begin(&self, entry: &JournalEntry) -> Result<(), ChainError> {
        let text = serde_json::to_vec(entry).map_err(ChainError::journal)?;
        let path = self.path(&entry.signature);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(ChainError::journal)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(ChainError::journal)
    }

    async fn end(&self, signature: &str, _: EndState) -> Result<(), ChainError> {
        match fs::remove_file(self.path(signature)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(ChainError::journal(e)),
            _ => Ok(()),
        }
    }

    async fn unfinished(&self) -> Result<Vec<JournalEntry>, ChainError> {
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.folder).map_err(ChainError::journal)? {
            let path = file.map_err(ChainError::journal)?.path();
            let text = fs::read(&path).map_err(ChainError::journal)?;
            // A file that a crash cut short belongs to a transaction that was never sent: files are synced
            // before the send.
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
    async fn unfinished_entries_survive_a_restart() {
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
