#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::sync::LazyLock;

use millrace_protocol::manifest::{
    Input, Join, ShardInput, ShardLimits, VERSION, Verification, VerifyMode,
};
use tempfile::tempdir;

use super::*;
use crate::error::TransferError;
use crate::files::write_atomic;

static RUNNER: LazyLock<ShardRunner> = LazyLock::new(|| ShardRunner::new().unwrap());

/// Copies standard input to standard output.
const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 0) (i32.const 64))
        (i32.store (i32.const 4) (i32.const 1024))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
const LOOP: &str = r#"(module (func (export "_start") (loop (br 0))))"#;

fn manifest(program: &[u8]) -> Manifest {
    Manifest {
        version: VERSION,
        name: "test".to_owned(),
        program: sha256(&[program]),
        args: Vec::new(),
        env: BTreeMap::new(),
        inputs: BTreeMap::new(),
        shards: vec![
            ShardInput::Inline {
                text: "first".to_owned(),
            },
            ShardInput::Blob {
                digest: sha256(&[b"a second shard"]),
                offset: 2,
                len: 6,
            },
        ],
        join: Join::Concat,
        output: "out".to_owned(),
        runtime: RuntimeKind::Wasm,
        limits: ShardLimits {
            fuel: 3_000_000,
            memory: 1 << 20,
            output: 1 << 10,
            log: 1 << 10,
            wall_ms: 60_000,
        },
        verify: Verification {
            mode: VerifyMode::Quorum,
            replicas: 2,
            quorum: 2,
            max_replicas: 3,
        },
    }
}

fn task(manifest: &Manifest, shard: u32) -> Task {
    Task {
        job: Key([1; 32]),
        shard,
        attempt: 0,
        seat: 0,
        network_id: [2; 32],
        program: Key([3; 32]),
        manifest: manifest.hash(),
        commit_by: 0,
        reveal_by: 0,
    }
}

fn inputs(text: &str) -> TaskInputs {
    let program = wat::parse_str(text).unwrap();
    TaskInputs {
        manifest: manifest(&program),
        program: program.into(),
        stdin: Arc::from(*b"a second shard"),
        files: Vec::new(),
    }
}

fn run(text: &str, shard: u32) -> Result<RunOutcome, TaskError> {
    let inputs = inputs(text);
    let task = task(&inputs.manifest, shard);
    RUNNER.run(&task.job, task.shard, &inputs, &AtomicBool::new(false))
}

/// Fetches the inputs of shard 1 from a cache that holds `blobs`; no orchestrator is reachable.
async fn fetch(manifest: &Manifest, blobs: &[&[u8]]) -> Result<TaskInputs, TaskError> {
    let data = tempdir().unwrap();
    let cache = BlobCache::open(data.path(), vec!["http://127.0.0.1:1".to_owned()]).unwrap();
    for blob in [&manifest.to_bytes()[..]].iter().chain(blobs) {
        let name = hex::encode(sha256(&[blob]));
        write_atomic(&data.path().join("blobs").join(name), blob).unwrap();
    }
    fetch_inputs(&cache, &task(manifest, 1), Instant::now()).await
}

#[test]
fn a_shard_reads_its_own_input() {
    for (shard, output) in [(0, &b"first"[..]), (1, b"second")] {
        let outcome = run(COPY, shard).unwrap();
        assert_eq!((outcome.exit, &outcome.output[..]), (Exit::Ok, output));
    }
}

#[test]
fn the_result_matches_the_receipt_of_the_run() {
    let outcome = run(COPY, 0).unwrap();
    let fuel = outcome.fuel;
    let (result, output) = build_result(outcome, None, [7; 32]);
    let receipt = Receipt::new(b"first", 0, fuel);
    assert_eq!(output, b"first");
    assert_eq!(result.root, receipt.root());
    assert_eq!((result.units, result.fuel), (1, fuel));
    assert_eq!((result.exit, result.reason.as_str()), (0, ""));
    assert_eq!(result.output, sha256(&[b"first"]));
    assert_eq!(result.salt, [7; 32]);
}

#[cfg(feature = "faults")]
#[test]
fn a_wrong_result_is_consistent_with_its_output() {
    let outcome = run(COPY, 0).unwrap();
    let (honest, _) = build_result(outcome.clone(), None, [7; 32]);
    let (wrong, output) = build_result(outcome, Some(FaultMode::WrongResult), [7; 32]);
    assert_ne!(wrong.root, honest.root);
    assert_eq!(
        wrong.root,
        Receipt::new(&output, wrong.exit, wrong.fuel).root()
    );
    assert_eq!(wrong.output, sha256(&[&output]));
}

#[test]
fn an_endless_program_has_a_result_with_an_empty_output() {
    let (result, output) = build_result(run(LOOP, 0).unwrap(), None, [0; 32]);
    assert_eq!((result.exit, result.reason.as_str()), (-1, "out of fuel"));
    assert_eq!((result.units, output.len()), (3, 0));
}

#[test]
fn the_last_log_line_is_part_of_the_reason() {
    let outcome = RunOutcome {
        exit: Exit::Code(3),
        output: Vec::new(),
        log: b"warming up\n  no such scene\x07\n\n".to_vec(),
        log_truncated: false,
        fuel: 1,
    };
    assert_eq!(exit_reason(&outcome), "exit code 3 (no such scene)");
}

#[test]
fn an_invalid_program_is_not_retryable() {
    for text in ["(module)", r#"(module (import "env" "f" (func)))"#] {
        let error = run(text, 0).unwrap_err();
        assert!(matches!(error, TaskError::Run(_)), "{error}");
        assert!(!error.is_retryable(), "{error}");
    }
}

#[test]
fn a_timeout_of_this_host_is_retryable() {
    let mut inputs = inputs(LOOP);
    inputs.manifest.limits.fuel = 1_000_000_000_000_000;
    inputs.manifest.limits.wall_ms = 1;
    let task = task(&inputs.manifest, 0);
    let error = RUNNER
        .run(&task.job, task.shard, &inputs, &AtomicBool::new(false))
        .unwrap_err();
    assert!(matches!(error, TaskError::Run(RunError::Timeout { .. })));
    assert!(error.is_retryable());
}

#[test]
fn the_program_cache_evicts_the_least_recently_used_entry() {
    let runner = ShardRunner::new().unwrap();
    let first = runner.cache_slot(&[0; 32]);
    for n in 1..MAX_PROGRAMS as u8 {
        runner.cache_slot(&[n; 32]);
    }
    assert!(Arc::ptr_eq(&first, &runner.cache_slot(&[0; 32])));
    let second = runner.cache_slot(&[1; 32]);
    for n in 0..MAX_PROGRAMS as u8 - 1 {
        runner.cache_slot(&[100 + n; 32]);
    }
    assert!(Arc::ptr_eq(&second, &runner.cache_slot(&[1; 32])));
    assert!(!Arc::ptr_eq(&first, &runner.cache_slot(&[0; 32])));
}

#[tokio::test]
async fn all_inputs_of_the_manifest_are_fetched() {
    let mut manifest = manifest(b"program");
    let input = |content: &[u8]| Input {
        digest: sha256(&[content]),
        length: content.len() as u64,
    };
    manifest.inputs = [("words".to_owned(), input(b"one two"))].into();
    let blobs: [&[u8]; 3] = [b"program", b"a second shard", b"one two"];
    let found = fetch(&manifest, &blobs).await.unwrap();
    assert_eq!(&*found.program, b"program");
    assert_eq!(&*found.stdin, b"a second shard");
    assert_eq!(found.files, [("words".to_owned(), Arc::from(*b"one two"))]);

    let error = fetch(&manifest, &blobs[..2]).await.err().unwrap();
    let timed_out = matches!(error, TaskError::Transfer(TransferError::TimedOut { .. }));
    assert!(timed_out && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn an_input_of_another_length_than_declared_is_refused() {
    for length in [6, 8] {
        let mut manifest = manifest(b"program");
        let digest = sha256(&[b"one two"]);
        manifest.inputs = [("words".to_owned(), Input { digest, length })].into();
        let blobs: [&[u8]; 3] = [b"program", b"a second shard", b"one two"];
        let error = fetch(&manifest, &blobs).await.err().unwrap();
        assert!(!error.is_retryable(), "{error}");
    }
}
