#![allow(clippy::unwrap_used)]
use super::*;
use tempfile::{TempDir, tempdir};

const NETWORK: Digest = [5; 32];

fn task(shard: u32) -> Task {
    Task {
        job: Key([1; 32]),
        shard,
        attempt: 3,
        seat: 4,
        network_id: NETWORK,
        program: Key([6; 32]),
        manifest: [7; 32],
        commit_by: 1_000,
        reveal_by: 2_000,
    }
}

fn result(output: &[u8]) -> ShardResult {
    ShardResult {
        root: [8; 32],
        units: 9,
        salt: [10; 32],
        fuel: 11,
        exit: -1,
        reason: "out of fuel".to_owned(),
        output: sha256(&[output]),
        output_bytes: output.len() as u64,
    }
}

/// A store with tasks 0 and 1; only task 0 has a result.
fn sample() -> (TempDir, ResultStore) {
    let data = tempdir().unwrap();
    let store = ResultStore::open(data.path()).unwrap();
    store.record_task(&task(0)).unwrap();
    store.record_task(&task(1)).unwrap();
    let id = SeatId::of(&task(0));
    assert!(store.record_result(&id, &result(b"out"), b"out").unwrap());
    (data, store)
}

fn folders(path: &Path) -> usize {
    fs::read_dir(path).unwrap().count()
}

#[test]
fn results_survive_a_restart() {
    let (data, store) = sample();
    drop(store);
    let store = ResultStore::open(data.path()).unwrap();
    let id = SeatId::of(&task(0));
    assert_eq!(store.result(&id, &NETWORK), Some((task(0), result(b"out"))));
    assert_eq!(store.output(&id, &result(b"out")).unwrap(), b"out");
    assert_eq!(store.result(&SeatId::of(&task(1)), &NETWORK), None);
    assert_eq!(store.finished(&NETWORK), [(task(0), result(b"out"))]);
    assert_eq!(store.finished(&[0; 32]), []);
}

#[test]
fn recording_a_finished_task_again_changes_only_its_deadlines() {
    let (_data, store) = sample();
    let later = Task {
        reveal_by: 3_000,
        ..task(0)
    };
    store.record_task(&later).unwrap();
    let found = store.result(&SeatId::of(&task(0)), &NETWORK);
    assert_eq!(found, Some((later, result(b"out"))));
}

#[test]
fn a_task_of_another_network_replaces_the_old_one() {
    let (_data, store) = sample();
    let id = SeatId::of(&task(0));
    let other = Task {
        network_id: [0; 32],
        ..task(0)
    };
    assert_eq!(store.result(&id, &other.network_id), None);
    store.record_task(&other).unwrap();
    assert_eq!(store.result(&id, &NETWORK), None);
    assert!(store.record_result(&id, &result(b"new"), b"new").unwrap());
    assert_eq!(
        store.result(&id, &other.network_id),
        Some((other, result(b"new")))
    );
}

#[test]
fn a_released_seat_accepts_no_result() {
    let (data, store) = sample();
    for shard in [0, 1] {
        store.remove(&SeatId::of(&task(shard))).unwrap();
    }
    store.remove(&SeatId::of(&task(7))).unwrap();
    let id = SeatId::of(&task(1));
    assert!(!store.record_result(&id, &result(b"out"), b"out").unwrap());
    assert_eq!(store.result(&id, &NETWORK), None);
    assert_eq!(folders(&data.path().join("results")), 0);
}

#[test]
fn damaged_entries_are_quarantined_and_the_others_stay() {
    let damages: [fn(&Path); 5] = [
        |folder| fs::write(folder.join(OUTPUT), "oux").unwrap(),
        |folder| fs::remove_file(folder.join(OUTPUT)).unwrap(),
        |folder| fs::write(folder.join(RESULT), "{\"root\":").unwrap(),
        |folder| fs::write(folder.join(TASK), "").unwrap(),
        |folder| fs::remove_file(folder.join(TASK)).unwrap(),
    ];
    for damage in damages {
        let (data, store) = sample();
        let id = SeatId::of(&task(0));
        store.record_task(&task(2)).unwrap();
        let other = SeatId::of(&task(2));
        assert!(
            store
                .record_result(&other, &result(b"two"), b"two")
                .unwrap()
        );
        damage(&store.folder(&id));
        drop(store);
        let store = ResultStore::open(data.path()).unwrap();
        assert_eq!(store.result(&id, &NETWORK), None);
        assert!(store.result(&other, &NETWORK).is_some());
        assert_eq!(folders(&data.path().join("corrupt")), 1);
        assert_eq!(folders(&data.path().join("results")), 2);
    }
}

#[test]
fn an_entry_under_the_name_of_another_seat_is_quarantined() {
    let (data, store) = sample();
    let from = store.folder(&SeatId::of(&task(0)));
    fs::rename(from, store.folder(&SeatId::of(&task(9)))).unwrap();
    drop(store);
    let store = ResultStore::open(data.path()).unwrap();
    assert_eq!(store.finished(&NETWORK), []);
    assert_eq!(folders(&data.path().join("corrupt")), 1);
}

#[test]
fn an_output_that_is_damaged_at_run_time_is_quarantined() {
    let (data, store) = sample();
    let id = SeatId::of(&task(0));
    fs::write(store.folder(&id).join(OUTPUT), "oux").unwrap();
    assert!(matches!(
        store.output(&id, &result(b"out")),
        Err(TaskError::Damaged)
    ));
    assert_eq!(store.result(&id, &NETWORK), None);
    assert_eq!(folders(&data.path().join("corrupt")), 1);
}

#[test]
fn a_folder_left_empty_by_a_crash_is_removed() {
    let (data, store) = sample();
    let folder = data.path().join("results").join("left");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("task.00.draft"), "{").unwrap();
    drop(store);
    let _store = ResultStore::open(data.path()).unwrap();
    assert!(!folder.exists());
    assert_eq!(folders(&data.path().join("corrupt")), 0);
}

#[test]
fn an_unreleased_result_is_removed_a_day_after_its_window() {
    let (_data, store) = sample();
    let id = SeatId::of(&task(0));
    store.remove_expired(2_000 + RETENTION_SECS).unwrap();
    assert!(store.result(&id, &NETWORK).is_some());
    store.remove_expired(2_001 + RETENTION_SECS).unwrap();
    assert!(store.result(&id, &NETWORK).is_none());
}

#[test]
fn a_data_folder_is_locked_by_one_agent() {
    let (data, store) = sample();
    assert!(matches!(
        ResultStore::open(data.path()),
        Err(AgentError::Locked { .. })
    ));
    drop(store);
    assert!(ResultStore::open(data.path()).is_ok());
}
