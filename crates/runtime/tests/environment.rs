//! The environment of a program.
#![allow(clippy::unwrap_used)]

mod common;

use common::{file, limits, nothing, run, try_run, wasi};
use millrace_runtime::{CLOCK_NANOS, Exit, RunError, RunInput, RunLimits};

/// Opens `path` in `/in` and prints its content.
fn open_and_print(path: &str, flags: u32, rights: u64) -> String {
    let data = format!("(data (i32.const 16) \"{path}\")");
    let body = format!(
        "(call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const {len})
            (i32.const {flags}) (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 12)))
        (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 5000))
        (call $check (call $fd_read (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $print (i32.const 1000) (i32.load (i32.const 8)))",
        len = path.len()
    );
    let module = wasi(&body);
    format!("{} {data})", module.strip_suffix(')').unwrap())
}

const READ: u64 = 2;

#[test]
fn only_inputs_are_readable() {
    let files = [file("a.txt", "water"), file("deep/b.txt", "wheel")];
    let input = RunInput {
        files: &files,
        ..nothing()
    };
    let open = |path: &str| try_run(&open_and_print(path, 0, READ), input, &limits()).unwrap();
    assert_eq!(open("a.txt").output, b"water");
    assert_eq!(open("deep/b.txt").output, b"wheel");
    for (path, errno) in [
        ("none", 44),
        ("../etc/passwd", 76),
        ("/etc/passwd", 76),
        ("deep/../../etc/passwd", 76),
        ("a.txt/b", 54),
    ] {
        assert_eq!(open(path).exit, Exit::Code(errno), "{path}");
    }
}

#[test]
fn nothing_is_writable() {
    let files = [file("a.txt", "water")];
    let input = RunInput {
        files: &files,
        ..nothing()
    };
    let create = 1;
    let truncate = 8;
    for (path, flags, rights) in [
        ("new.txt", create, READ),
        ("a.txt", truncate, READ),
        ("a.txt", 0, READ | 64),
    ] {
        let outcome = try_run(&open_and_print(path, flags, rights), input, &limits()).unwrap();
        assert_eq!(outcome.exit, Exit::Code(69), "{path}");
    }
    let write = wasi("(call $print_to (i32.const 0) (i32.const 100) (i32.const 1))");
    assert_eq!(run(&write).exit, Exit::Code(8));
}

#[test]
fn a_directory_lists_its_files_by_name() {
    let files = [file("b", ""), file("a", ""), file("c/d", "")];
    let input = RunInput {
        files: &files,
        ..nothing()
    };
    let list = wasi(
        "(call $check (call $fd_readdir (i32.const 3) (i32.const 100) (i32.const 1000) (i64.const 0) (i32.const 12)))
        (call $print (i32.const 100) (i32.load (i32.const 12)))",
    );
    let output = try_run(&list, input, &limits()).unwrap().output;
    let (mut names, mut rest) = (Vec::new(), &output[..]);
    while rest.len() >= 24 {
        let len = u32::from_le_bytes(rest[16..20].try_into().unwrap()) as usize;
        let name = String::from_utf8(rest[24..24 + len].to_vec()).unwrap();
        names.push((name, rest[20]));
        rest = &rest[24 + len..];
    }
    let expected = [(".", 3), ("..", 3), ("a", 4), ("b", 4), ("c", 3)];
    assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[test]
fn standard_input_is_readable_and_seekable() {
    let body = "(i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 3))
        (call $check (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $print (i32.const 100) (i32.load (i32.const 8)))
        (call $check (call $fd_seek (i32.const 0) (i64.const -2) (i32.const 2) (i32.const 24)))
        (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 99))
        (call $check (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $print (i32.const 100) (i32.load (i32.const 8)))";
    let input = RunInput {
        stdin: b"millrace",
        ..nothing()
    };
    assert_eq!(
        try_run(&wasi(body), input, &limits()).unwrap().output,
        b"milce"
    );
}

fn strings(sizes: &str, get: &str) -> String {
    wasi(&format!(
        "(call $check (call {sizes} (i32.const 16) (i32.const 20)))
        (call $check (call {get} (i32.const 1000) (i32.const 2000)))
        (call $print (i32.const 16) (i32.const 4))
        (call $print (i32.const 2000) (i32.load (i32.const 20)))"
    ))
}

#[test]
fn arguments_and_environment_are_those_of_the_job() {
    let args = ["--width".to_owned(), "4".to_owned()];
    let env = [("NAME".to_owned(), "value=1".to_owned())];
    let input = RunInput {
        args: &args,
        env: &env,
        ..nothing()
    };
    let output = |text: &str, input| try_run(text, input, &limits()).unwrap().output;
    let (arguments, environment) = (
        strings("$args_sizes", "$args"),
        strings("$env_sizes", "$env"),
    );
    assert_eq!(
        output(&arguments, input),
        b"\x03\0\0\0program\0--width\x004\0"
    );
    assert_eq!(output(&environment, input), b"\x01\0\0\0NAME=value=1\0");
    assert_eq!(output(&environment, nothing()), b"\0\0\0\0");
}

#[test]
fn input_that_cannot_be_passed_to_a_program_is_refused() {
    let zero = ["a\0b".to_owned()];
    let env = [("A=B".to_owned(), "c".to_owned())];
    let files = [file("../x", "")];
    for input in [
        RunInput {
            args: &zero,
            ..nothing()
        },
        RunInput {
            env: &env,
            ..nothing()
        },
        RunInput {
            files: &files,
            ..nothing()
        },
    ] {
        let error = try_run("(module (func (export \"_start\")))", input, &limits()).unwrap_err();
        assert!(matches!(error, RunError::BadInput { .. }), "{error:?}");
    }
}

#[test]
fn all_clocks_are_fixed() {
    for clock in 0..4 {
        let read = wasi(&format!(
            "(call $check (call $clock (i32.const {clock}) (i64.const 1) (i32.const 16)))
            (call $print (i32.const 16) (i32.const 8))"
        ));
        assert_eq!(run(&read).output, CLOCK_NANOS.to_le_bytes());
    }
    let unknown = wasi("(call $check (call $clock (i32.const 4) (i64.const 1) (i32.const 16)))");
    assert_eq!(run(&unknown).exit, Exit::Code(28));
}

#[test]
fn polling_returns_immediately() {
    // A timer of an hour with the tag 77, and standard input; two events are returned.
    let body = "(i64.store (i32.const 100) (i64.const 77))
        (i64.store offset=24 (i32.const 100) (i64.const 3600000000000))
        (i32.store8 offset=56 (i32.const 100) (i32.const 1))
        (call $check (call $poll (i32.const 100) (i32.const 1000) (i32.const 2) (i32.const 16)))
        (call $print (i32.const 16) (i32.const 4)) (call $print (i32.const 1000) (i32.const 64))";
    let input = RunInput {
        stdin: b"abc",
        ..nothing()
    };
    let output = try_run(&wasi(body), input, &limits()).unwrap().output;
    assert_eq!(output[..4], [2, 0, 0, 0]);
    let events = &output[4..];
    assert_eq!(events[..11], [77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // No error, type fd_read, three readable bytes.
    assert_eq!(events[32 + 8..32 + 11], [0, 0, 1]);
    assert_eq!(events[32 + 16], 3);
}

#[test]
fn random_bytes_depend_on_the_seed() {
    let random = wasi(
        "(call $check (call $random (i32.const 100) (i32.const 64)))
        (call $print (i32.const 100) (i32.const 64))",
    );
    let with = |byte| {
        let input = RunInput {
            seed: [byte; 32],
            ..nothing()
        };
        try_run(&random, input, &limits()).unwrap().output
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    assert_ne!(with(1)[..32], with(1)[32..]);
}

#[test]
fn the_log_is_truncated_without_a_failure() {
    let log = wasi(
        "(local $i i32) (loop $l
            (call $print_to (i32.const 2) (i32.const 100) (i32.const 100))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 20))))",
    );
    let of = |log_bytes| {
        let limits = RunLimits {
            log_bytes,
            ..limits()
        };
        try_run(&log, nothing(), &limits).unwrap()
    };
    let (cut, whole) = (of(150), of(2000));
    assert_eq!((cut.log.len(), cut.log_truncated), (150, true));
    assert_eq!((whole.log.len(), whole.log_truncated), (2000, false));
    assert_eq!((cut.exit, cut.fuel), (whole.exit, whole.fuel));
}

#[test]
fn a_pointer_outside_memory_is_an_error_of_the_program() {
    for body in [
        "(call $check (call $random (i32.const 65530) (i32.const 10)))",
        "(call $check (call $random (i32.const -1) (i32.const 10)))",
        "(call $check (call $clock (i32.const 0) (i64.const 0) (i32.const 65529)))",
        "(call $check (call $fd_write (i32.const 1) (i32.const 65535) (i32.const 1) (i32.const 0)))",
        "(call $check (call $fd_read (i32.const 0) (i32.const 0) (i32.const 0x1fffffff) (i32.const 0)))",
        "(call $print (i32.const 65535) (i32.const 2))",
    ] {
        let exit = run(&wasi(body)).exit;
        let out_of_fuel = Exit::Failed(millrace_runtime::ProgramFailure::OutOfFuel);
        assert!(
            exit == Exit::Code(21) || exit == out_of_fuel,
            "{body}: {exit:?}"
        );
    }
}
