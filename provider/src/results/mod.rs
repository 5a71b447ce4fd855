//! Every task that was taken and every result, in a folder each, until the orchestrator releases
//! them. One agent at a time.
//!
//! ```text
//! <data>/lock                                   held while an agent lives
//! <data>/results/<job>-<shard>-<attempt>/       task.json, then output.bin, then result.json
//! <data>/corrupt/                               folders that could not be understood
//! ```

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use millrace_protocol::agent::{ShardResult, Task};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::key::Key;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{AgentError, StoreError, TaskError};
use crate::files::{DRAFT, sync_folder, write_whole};

const TASK: &str = "task.json";
const RESULT: &str = "result.json";
const OUTPUT: &str = "output.bin";

/// Seconds after its reveal window for which a result is kept that nobody released: a day. By then
/// nobody can be paid for it any more.
const KEEP_SECONDS: i64 = 24 * 60 * 60;

/// What tells seats of one provider apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SeatId {
    pub(crate) job: Key,
    pub(crate) shard: u32,
    pub(crate) attempt: u8,
}

impl SeatId {
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            job: task.job,
            shard: task.shard,
            attempt: task.attempt,
        }
    }
}

impl fmt::Display for SeatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.job, self.shard, self.attempt)
    }
}

/// The folder, and what is in it by seat.
pub(crate) struct Store {
    results: PathBuf,
    corrupt: PathBuf,
    index: Mutex<HashMap<SeatId, Entry>>,
    /// Its lock ends with it.
    _lock: File,
}

#[derive(Clone, Debug)]
struct Entry {
    task: Task,
    result: Option<ShardResult>,
}

impl Store {
    /// Opens the folder, making it where it is missing, and reads everything in it. What can't be
    /// understood is moved aside.
    pub(crate) fn open(data: &Path) -> Result<Self, AgentError> {
        let (results, corrupt) = (data.join("results"), data.join("corrupt"));
        for folder in [&results, &corrupt] {
            fs::create_dir_all(folder).map_err(StoreError::of("made", folder))?;
        }
        let store = Self {
            _lock: lock(data)?,
            results,
            corrupt,
            index: Mutex::default(),
        };
        let failed = || StoreError::of("read", &store.results);
        for found in fs::read_dir(&store.results).map_err(failed())? {
            store.load(&found.map_err(failed())?.path())?;
        }
        Ok(store)
    }

    fn load(&self, folder: &Path) -> Result<(), StoreError> {
        match read_entry(folder) {
            Ok(Some(entry)) => {
                self.index().insert(SeatId::of(&entry.task), entry);
                Ok(())
            }
            // The agent ended just before the task was written: nothing was taken on yet.
            Ok(None) => fs::remove_dir_all(folder).map_err(StoreError::of("removed", folder)),
            Err(reason) => self.set_aside(folder, &reason),
        }
    }

    fn set_aside(&self, folder: &Path, reason: &str) -> Result<(), StoreError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let aside = self
            .corrupt
            .join(format!("{name}.{:08x}", rand::random::<u32>()));
        fs::rename(folder, &aside).map_err(StoreError::of("moved aside", folder))?;
        tracing::warn!(
            "the stored result {} is damaged ({reason}): it is moved to {}, and the agent goes on",
            folder.display(),
            aside.display()
        );
        Ok(())
    }

    /// Writes down that a task was taken. A second time changes its deadlines at most.
    ///
    /// Networks that were set up with the same keys have the same jobs. What is left of another one
    /// makes place: the agent works for this one now.
    pub(crate) fn begin(&self, task: &Task) -> Result<(), StoreError> {
        let id = SeatId::of(task);
        let known = self.index().get(&id).map(|entry| entry.task.network_id);
        if known.is_some_and(|network| network != task.network_id) {
            self.forget(&id)?;
        }
        let folder = self.folder(&id);
        fs::create_dir_all(&folder).map_err(StoreError::of("made", &folder))?;
        write_json(&folder.join(TASK), task)?;
        sync_folder(&self.results)?;
        let mut index = self.index();
        let entry = index.entry(id).or_insert_with(|| Entry {
            task: task.clone(),
            result: None,
        });
        entry.task = task.clone();
        Ok(())
    }

    /// Keeps a result. False if the seat has been released in the meantime.
    pub(crate) fn finish(
        &self,
        id: &SeatId,
        result: &ShardResult,
        output: &[u8],
    ) -> Result<bool, StoreError> {
        let folder = self.folder(id);
        let written = write_whole(&folder.join(OUTPUT), output)
            .and_then(|()| write_json(&folder.join(RESULT), result));
        match self.index().get_mut(id) {
            Some(entry) => {
                written?;
                entry.result = Some(result.clone());
                Ok(true)
            }
            None => {
                // The release may have come between the two writes; what is left means nothing.
                let _ = fs::remove_dir_all(&folder);
                Ok(false)
            }
        }
    }

    /// The task and the result of a seat on a network, if it has one.
    pub(crate) fn result(&self, id: &SeatId, network: &Digest) -> Option<(Task, ShardResult)> {
        let (task, result) = self.index().get(id)?.finished()?;
        (task.network_id == *network).then_some((task, result))
    }

    /// Everything that was finished on a network and not released.
    pub(crate) fn finished(&self, network: &Digest) -> Vec<(Task, ShardResult)> {
        let index = self.index();
        let finished = index.values().filter_map(Entry::finished);
        finished
            .filter(|(task, _)| task.network_id == *network)
            .collect()
    }

    /// The output of a seat. A damaged one is moved aside and the seat forgotten.
    pub(crate) fn output(&self, id: &SeatId, result: &ShardResult) -> Result<Vec<u8>, TaskError> {
        let folder = self.folder(id);
        match read_output(&folder, result) {
            Ok(output) => Ok(output),
            Err(reason) => {
                self.index().remove(id);
                self.set_aside(&folder, &reason)?;
                Err(TaskError::Damaged)
            }
        }
    }

    /// Removes everything about a seat.
    pub(crate) fn forget(&self, id: &SeatId) -> Result<(), StoreError> {
        self.index().remove(id);
        let folder = self.folder(id);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(StoreError::of("removed", &folder)),
        }
    }

    /// Removes what nobody can be paid for any more. `now` is Unix time in seconds.
    pub(crate) fn forget_expired(&self, now: i64) -> Result<(), StoreError> {
        let expired = |entry: &Entry| entry.task.reveal_by.saturating_add(KEEP_SECONDS) < now;
        let old: Vec<SeatId> = {
            let index = self.index();
            let old = index.iter().filter(|(_, entry)| expired(entry));
            old.map(|(id, _)| *id).collect()
        };
        old.iter().try_for_each(|id| self.forget(id))
    }

    fn folder(&self, id: &SeatId) -> PathBuf {
        self.results.join(id.to_string())
    }

    fn index(&self) -> MutexGuard<'_, HashMap<SeatId, Entry>> {
        // No holder leaves the map half-changed, so a panic of one says nothing about it.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn finished(&self) -> Option<(Task, ShardResult)> {
        Some((self.task.clone(), self.result.clone()?))
    }
}

fn lock(data: &Path) -> Result<File, AgentError> {
    let path = data.join("lock");
    let failed = || StoreError::of("locked", &path);
    let file = File::create(&path).map_err(failed())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AgentError::Locked {
            folder: data.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed()(error).into()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| StoreError::of("written", path)(error.into()))?;
    write_whole(path, &bytes)
}

/// Reads the folder of a seat; `None` if there is nothing in it yet, `Err` says what is damaged.
fn read_entry(folder: &Path) -> Result<Option<Entry>, String> {
    let Some(task) = read_json::<Task>(&folder.join(TASK))? else {
        return match only_drafts(folder) {
            true => Ok(None),
            false => Err(format!("{TASK} is missing")),
        };
    };
    if folder.file_name() != Some(SeatId::of(&task).to_string().as_ref()) {
        return Err(format!("{TASK} is about another seat"));
    }
    let result = read_json::<ShardResult>(&folder.join(RESULT))?;
    if let Some(result) = &result {
        read_output(folder, result)?;
    }
    Ok(Some(Entry { task, result }))
}

fn only_drafts(folder: &Path) -> bool {
    let is_draft = |found: io::Result<fs::DirEntry>| {
        found.is_ok_and(|file| file.path().extension() == Some(DRAFT.as_ref()))
    };
    fs::read_dir(folder).is_ok_and(|mut files| files.all(is_draft))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| format!("{name}: {error}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

fn read_output(folder: &Path, result: &ShardResult) -> Result<Vec<u8>, String> {
    let output = fs::read(folder.join(OUTPUT)).map_err(|error| format!("{OUTPUT}: {error}"))?;
    match sha256(&[&output]) == result.output {
        true => Ok(output),
        false => Err(format!("{OUTPUT} has another hash than {RESULT} says")),
    }
}

#[cfg(test)]
mod tests;
