//! Helpers of the runtime tests.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use millrace_runtime::{RunError, RunInput, RunLimits, RunOutcome, Runtime};

/// One runtime for all tests of a file.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Limits that no well-behaved test reaches.
pub(crate) fn limits() -> RunLimits {
    RunLimits {
        fuel: 50_000_000,
        memory_bytes: 16 << 20,
        output_bytes: 1 << 20,
        log_bytes: 1 << 10,
        wall: Duration::from_secs(60),
    }
}

/// An empty input.
pub(crate) fn nothing() -> RunInput<'static> {
    RunInput {
        args: &[],
        env: &[],
        stdin: &[],
        files: &[],
        seed: [0; 32],
    }
}

pub(crate) fn file(name: &str, content: &str) -> (String, Arc<[u8]>) {
    (name.to_owned(), Arc::from(content.as_bytes()))
}

pub(crate) fn try_run(
    text: &str,
    input: RunInput<'_>,
    limits: &RunLimits,
) -> Result<RunOutcome, RunError> {
    let program = RUNTIME.compile(&wat::parse_str(text).unwrap())?;
    RUNTIME.run(&program, input, limits)
}

pub(crate) fn run(text: &str) -> RunOutcome {
    try_run(text, nothing(), &limits()).unwrap()
}

/// A module with one page of memory, the imports of all tests, and `body` as `_start`. `$print` writes bytes
/// to standard output; `$check` exits with its argument unless it is 0.
pub(crate) fn wasi(body: &str) -> String {
    format!(
        r#"(module
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func $print_to (param $fd i32) (param $at i32) (param $len i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $len))
            (call $check (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
        (func $print (param $at i32) (param $len i32)
            (call $print_to (i32.const 1) (local.get $at) (local.get $len)))
        (func $check (param $code i32)
            (if (local.get $code) (then (call $exit (local.get $code)))))
        (func (export "_start") {body}))"#
    )
}
