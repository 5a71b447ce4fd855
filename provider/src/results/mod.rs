//! The accepted tasks and their results, on disk until the orchestrator releases them.
//!
//! ```text
//! <data>/lock                                   locked while an agent runs
//! <data>/results/<job>-<shard>-<attempt>/       task.json, then output.bin, then result.json
//! <data>/corrupt/                               quarantined folders
//! ```

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::{fmt, io};

use millrace_protocol::agent::{ShardResult, Task};
use millrace_protocol::hash::{Digest, sha256};
use millrace_protocol::key::Key;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{AgentError, FileError, TaskError};
use crate::files::{TEMPORARY, sync_folder, write_atomic};

const TASK: &str = "task.json";
const RESULT: &str = "result.json";
const OUTPUT: &str = "output.bin";

/// How long a result that is never released is kept after its reveal window: a day. By then it can no
/// longer be paid.
const RETENTION_SECS: i64 = 24 * 60 * 60;

/// Identifies a seat among those of one provider.
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

/// The data folder of an agent, with an index of its content in memory.
pub(crate) struct ResultStore {
    results: PathBuf,
    corrupt: PathBuf,
    index: Mutex<HashMap<SeatId, StoredTask>>,
    /// Dropping the file releases its lock.
    _lock: File,
}

#[derive(Clone, Debug)]
struct StoredTask {
    task: Task,
    result: Option<ShardResult>,
}

impl ResultStore {
    /// Locks the folder, creating it if it is missing, and reads its content. Damaged entries are
    /// quarantined.
    pub(crate) fn open(data: &Path) -> Result<Self, AgentError> {
        let (results, corrupt) = (data.join("results"), data.join("corrupt"));
        for folder in [&results, &corrupt] {
            fs::create_dir_all(folder).map_err(FileError::of("create", folder))?;
        }
        let store = Self {
            _lock: lock(data)?,
            results,
            corrupt,
            index: Mutex::default(),
        };
        let failed = || FileError::of("read", &store.results);
        for found in fs::read_dir(&store.results).map_err(failed())? {
            store.load(&found.map_err(failed())?.path())?;
        }
        Ok(store)
    }

    fn load(&self, folder: &Path) -> Result<(), FileError> {
        match read_stored(folder) {
            Ok(Some(stored)) => {
                self.index.lock().insert(SeatId::of(&stored.task), stored);
                Ok(())
            }
            // The agent ended before it had written the task, so it has not accepted the task.
            Ok(None) => fs::remove_dir_all(folder).map_err(FileError::of("remove", folder)),
            Err(reason) => self.quarantine(folder, &reason),
        }
    }

    fn quarantine(&self, folder: &Path, reason: &str) -> Result<(), FileError> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let target = self
            .corrupt
            .join(format!("{name}.{:08x}", rand::random::<u32>()));
        fs::rename(folder, &target).map_err(FileError::of("quarantine", folder))?;
        tracing::warn!(
            reason,
            folder = %folder.display(),
            moved_to = %target.display(),
            "stored result is damaged; quarantined"
        );
        Ok(())
    }

    /// Records that a task was accepted. If the task is stored already, only its deadlines change.
    ///
    /// Networks that were set up with the same keys have jobs with the same addresses. A task of
    /// another network replaces the old one, because the agent now works for its network.
    pub(crate) fn record_task(&self, task: &Task) -> Result<(), FileError> {
        let id = SeatId::of(task);
        let known = self.index.lock().get(&id).map(|s| s.task.network_id);
        if known.is_some_and(|network| network != task.network_id) {
            self.remove(&id)?;
        }
        let folder = self.folder(&id);
        fs::create_dir_all(&folder).map_err(FileError::of("create", &folder))?;
        write_json(&folder.join(TASK), task)?;
        sync_folder(&self.results)?;
        let mut index = self.index.lock();
        let stored = index.entry(id).or_insert_with(|| StoredTask {
            task: task.clone(),
            result: None,
        });
        stored.task = task.clone();
        Ok(())
    }

    /// Stores a result. Returns false if the seat has been released in the meantime.
    pub(crate) fn record_result(
        &self,
        id: &SeatId,
        result: &ShardResult,
        output: &[u8],
    ) -> Result<bool, FileError> {
        let folder = self.folder(id);
        let written = write_atomic(&folder.join(OUTPUT), output)
            .and_then(|()| write_json(&folder.join(RESULT), result));
        match self.index.lock().get_mut(id) {
            Some(stored) => {
                written?;
                stored.result = Some(result.clone());
                Ok(true)
            }
            None => {
                // The seat may have been released between the two writes; remove what is left.
                let _ = fs::remove_dir_all(&folder);
                Ok(false)
            }
        }
    }

    /// The task and the result of a seat on a network, if there is a result.
    pub(crate) fn result(&self, id: &SeatId, network: &Digest) -> Option<(Task, ShardResult)> {
        let (task, result) = self.index.lock().get(id)?.finished()?;
        (task.network_id == *network).then_some((task, result))
    }

    /// All results for a network that are not released.
    pub(crate) fn finished(&self, network: &Digest) -> Vec<(Task, ShardResult)> {
        let index = self.index.lock();
        let finished = index.values().filter_map(StoredTask::finished);
        finished
            .filter(|(task, _)| task.network_id == *network)
            .collect()
    }

    /// The output of a seat. A damaged output is quarantined and its seat removed.
    pub(crate) fn output(&self, id: &SeatId, result: &ShardResult) -> Result<Vec<u8>, TaskError> {
        let folder = self.folder(id);
        match read_output(&folder, result) {
            Ok(output) => Ok(output),
            Err(reason) => {
                self.index.lock().remove(id);
                self.quarantine(&folder, &reason)?;
                Err(TaskError::Damaged)
            }
        }
    }

    /// Removes the task and the result of a seat.
    pub(crate) fn remove(&self, id: &SeatId) -> Result<(), FileError> {
        self.index.lock().remove(id);
        let folder = self.folder(id);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(FileError::of("remove", &folder)),
        }
    }

    /// Removes the seats that are older than [`RETENTION_SECS`]. `now` is Unix time in seconds.
    pub(crate) fn remove_expired(&self, now: i64) -> Result<(), FileError> {
        let is_expired =
            |stored: &StoredTask| stored.task.reveal_by.saturating_add(RETENTION_SECS) < now;
        let expired: Vec<SeatId> = {
            let index = self.index.lock();
            let expired = index.iter().filter(|(_, stored)| is_expired(stored));
            expired.map(|(id, _)| *id).collect()
        };
        expired.iter().try_for_each(|id| self.remove(id))
    }

    fn folder(&self, id: &SeatId) -> PathBuf {
        self.results.join(id.to_string())
    }
}

impl StoredTask {
    fn finished(&self) -> Option<(Task, ShardResult)> {
        Some((self.task.clone(), self.result.clone()?))
    }
}

fn lock(data: &Path) -> Result<File, AgentError> {
    let path = data.join("lock");
    let failed = || FileError::of("lock", &path);
    let file = File::create(&path).map_err(failed())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AgentError::Locked {
            folder: data.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed()(error).into()),
    }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| FileError::of("write", path)(error.into()))?;
    write_atomic(path, &bytes)
}

/// Reads the folder of a seat. Returns `None` if it contains no task yet; the error is the reason why
/// the folder is damaged.
fn read_stored(folder: &Path) -> Result<Option<StoredTask>, String> {
    let Some(task) = read_json::<Task>(&folder.join(TASK))? else {
        if has_only_temporary_files(folder) {
            return Ok(None);
        }
        return Err(format!("{TASK} is missing"));
    };
    if folder.file_name() != Some(SeatId::of(&task).to_string().as_ref()) {
        return Err(format!("{TASK} belongs to another seat"));
    }
    let result = read_json::<ShardResult>(&folder.join(RESULT))?;
    if let Some(result) = &result {
        read_output(folder, result)?;
    }
    Ok(Some(StoredTask { task, result }))
}

fn has_only_temporary_files(folder: &Path) -> bool {
    let is_temporary = |found: io::Result<fs::DirEntry>| {
        found.is_ok_and(|file| file.path().extension() == Some(TEMPORARY.as_ref()))
    };
    fs::read_dir(folder).is_ok_and(|mut files| files.all(is_temporary))
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
    if sha256(&[&output]) != result.output {
        return Err(format!("the hash of {OUTPUT} differs from {RESULT}"));
    }
    Ok(output)
}

#[cfg(test)]
mod tests;
