//! Failures of programs, and how they are reported.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{RUNTIME, limits, nothing, run, try_run, wasi};
use millrace_runtime::{
    Exit, HOST_CALL_FUEL, ProgramFailure, RunError, RunLimits, RunOutcome, exit_code,
};

const LOOP: &str = include_str!("../../../examples/hostile/loop.wat");
const EAT_MEMORY: &str = include_str!("../../../examples/hostile/eat-memory.wat");
const PRINT_FOREVER: &str = include_str!("../../../examples/hostile/print-forever.wat");
const TRAP: &str = include_str!("../../../examples/hostile/trap.wat");

fn start(body: &str) -> String {
    format!("(module (memory 1) (table 2 funcref) (func $start (export \"_start\") {body}))")
}

fn trap(outcome: &RunOutcome) -> &str {
    match &outcome.exit {
        Exit::Failed(ProgramFailure::Trap(kind)) => kind,
        other => panic!("not a trap: {other:?}"),
    }
}

#[test]
fn an_endless_loop_is_out_of_fuel_at_exactly_its_limit() {
    for fuel in [1, 1_000, 12_345_678] {
        let outcome = try_run(LOOP, nothing(), &RunLimits { fuel, ..limits() }).unwrap();
        assert_eq!(outcome.exit, Exit::Failed(ProgramFailure::OutOfFuel));
        assert_eq!(outcome.fuel, fuel);
        assert!(outcome.output.is_empty());
    }
}

#[test]
fn a_program_that_exceeds_its_memory_is_charged_for_its_work() {
    let eat = |memory_bytes| {
        let limits = RunLimits {
            memory_bytes,
            ..limits()
        };
        try_run(EAT_MEMORY, nothing(), &limits).unwrap()
    };
    let (some, more) = (eat(4 << 20), eat(8 << 20));
    assert_eq!(some.exit, Exit::Failed(ProgramFailure::OutOfMemory));
    assert_eq!(more.exit, some.exit);
    // A page costs its growth and each of its bytes.
    let page = 65536 + 255;
    assert!(some.fuel > 63 * page && more.fuel > 127 * page);
    assert!(more.fuel < limits().fuel);
}

#[test]
fn initial_memory_or_tables_above_the_limit_are_out_of_memory() {
    for text in [
        "(module (memory 1000) (func (export \"_start\")))",
        "(module (table 9000000 funcref) (func (export \"_start\")))",
    ] {
        assert_eq!(
            run(text).exit,
            Exit::Failed(ProgramFailure::OutOfMemory),
            "{text}"
        );
    }
}

#[test]
fn growing_beyond_the_declared_maximum_returns_an_error() {
    let text = "(module (memory 1 2) (table 1 2 funcref) (func (export \"_start\")
        (if (i32.ne (memory.grow (i32.const 5)) (i32.const -1)) (then unreachable))
        (if (i32.ne (table.grow (ref.null func) (i32.const 5)) (i32.const -1)) (then unreachable))
        (if (i32.ne (memory.grow (i32.const 1)) (i32.const 1)) (then unreachable))))";
    assert_eq!(run(text).exit, Exit::Ok);
}

#[test]
fn endless_printing_exceeds_the_output_limit_with_an_empty_output() {
    let outcome = run(PRINT_FOREVER);
    assert_eq!(outcome.exit, Exit::Failed(ProgramFailure::OutputLimit));
    assert!(outcome.output.is_empty());
    assert!(outcome.fuel > limits().output_bytes);
}

#[test]
fn output_up_to_the_limit_is_allowed() {
    let print = wasi("(call $print (i32.const 100) (i32.const 1000))");
    let of = |output_bytes| {
        let limits = RunLimits {
            output_bytes,
            ..limits()
        };
        try_run(&print, nothing(), &limits).unwrap()
    };
    assert_eq!(of(1000).exit, Exit::Ok);
    assert_eq!(of(1000).output.len(), 1000);
    assert_eq!(of(999).exit, Exit::Failed(ProgramFailure::OutputLimit));
}

#[test]
fn a_trap_leaves_no_output() {
    let outcome = run(TRAP);
    assert_eq!(trap(&outcome), "unreachable");
    assert!(outcome.output.is_empty());
    assert_eq!(exit_code(&outcome.exit), -4);
}

#[test]
fn every_kind_of_trap_has_its_name() {
    for (body, name) in [
        ("unreachable", "unreachable"),
        (
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            "integer divide by zero",
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            "integer overflow",
        ),
        (
            "(drop (i32.trunc_f64_s (f64.const nan)))",
            "invalid conversion to integer",
        ),
        (
            "(drop (i32.trunc_f64_s (f64.const 1e300)))",
            "integer overflow",
        ),
        (
            "(drop (i32.load (i32.const 65533)))",
            "out of bounds memory access",
        ),
        (
            "(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))",
            "out of bounds memory access",
        ),
        (
            "(drop (table.get (i32.const 2)))",
            "out of bounds table access",
        ),
        (
            "(call_indirect (i32.const 7))",
            "out of bounds table access",
        ),
        ("(call_indirect (i32.const 0))", "uninitialized element"),
        (
            "(table.set (i32.const 0) (ref.func $start)) (call_indirect (param i32) (i32.const 1) (i32.const 0))",
            "indirect call type mismatch",
        ),
        ("(call $start)", "stack overflow"),
    ] {
        let outcome = run(&start(body));
        assert_eq!(trap(&outcome), name, "{body}");
    }
}

#[test]
fn a_trap_between_two_meter_updates_costs_the_whole_limit() {
    // A thousand iterations before the trap must not be free.
    let work = "(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))";
    let divides = run(&start(&format!(
        "{work} (drop (i32.div_u (i32.const 1) (i32.const 0)))"
    )));
    assert_eq!(divides.fuel, limits().fuel);
    let unreachable = run(&start(&format!("{work} unreachable")));
    assert!(
        unreachable.fuel > 5_000 && unreachable.fuel < 10_000,
        "{}",
        unreachable.fuel
    );
}

#[test]
fn a_run_that_ends_without_fuel_left_is_out_of_fuel() {
    let text = start("(drop (i32.add (i32.const 1) (i32.const 2)))");
    let used = run(&text).fuel;
    let with = |fuel| try_run(&text, nothing(), &RunLimits { fuel, ..limits() }).unwrap();
    assert_eq!(with(used + 1).exit, Exit::Ok);
    assert_eq!(with(used + 1).fuel, used);
    assert_eq!(with(used).exit, Exit::Failed(ProgramFailure::OutOfFuel));
    assert_eq!(with(used - 1).fuel, used - 1);
}

#[test]
fn host_calls_and_moved_bytes_cost_fuel() {
    let fuel = |len: u32| {
        run(&wasi(&format!(
            "(call $print (i32.const 100) (i32.const {len}))"
        )))
        .fuel
    };
    assert_eq!(fuel(1100) - fuel(100), 1000);
    assert!(fuel(0) > HOST_CALL_FUEL);
    // 8,000 overlapping buffers of 60 kB move the same bytes again and again.
    let greedy = wasi(
        "(local $i i32)
        (loop $l
            (i32.store offset=4 (i32.mul (local.get $i) (i32.const 8)) (i32.const 60000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 8000))))
        (call $check (call $fd_write (i32.const 2) (i32.const 0) (i32.const 8000) (i32.const 64000)))",
    );
    assert_eq!(run(&greedy).exit, Exit::Failed(ProgramFailure::OutOfFuel));
}

#[test]
fn an_exit_code_is_kept_with_the_output() {
    let outcome = run(&wasi(
        "(call $print (i32.const 100) (i32.const 3)) (call $exit (i32.const 7))",
    ));
    assert_eq!(outcome.exit, Exit::Code(7));
    assert_eq!(outcome.output.len(), 3);
    let code = |code: i32| run(&wasi(&format!("(call $exit (i32.const {code}))"))).exit;
    assert_eq!(code(0), Exit::Ok);
    assert_eq!(code(-1), Exit::Code(255));
}

#[test]
fn recursion_depth_does_not_depend_on_native_frames() {
    // The second function keeps many more values alive across the call, so its native frame is much
    // larger, but both are metered by their WebAssembly frames.
    let depth = |locals: usize| {
        let body = format!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
            (global $n (mut i32) (i32.const 0))
            (func $f (param i32) (local{}) (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (if (i32.eq (global.get $n) (local.get 0)) (then (call $exit (i32.const 1))))
                (call $f (local.get 0)))
            (func (export \"_start\") (call $f (i32.const DEPTH))))",
            " i64".repeat(locals)
        );
        let reaches = |depth: usize| {
            let text = body.replace("DEPTH", &depth.to_string());
            run(&text).exit == Exit::Code(1)
        };
        let (mut reached, mut not) = (1, 1_000_000);
        while not - reached > 1 {
            let middle = (reached + not) / 2;
            if reaches(middle) {
                reached = middle
            } else {
                not = middle
            }
        }
        reached
    };
    let frame = |locals: usize| 64 + 8 * (1 + locals + 2);
    // `_start` itself takes a frame with one operand.
    let expected = |locals| ((4 << 20) - (64 + 8)) / frame(locals);
    assert_eq!(depth(0), expected(0));
    assert_eq!(depth(50), expected(50));
}

#[test]
fn returning_from_recursion_frees_the_stack() {
    let text = "(module (func $f (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
        (func (export \"_start\") (local $i i32)
            (loop $l
                (if (i32.ne (call $f (i32.const 20000)) (i32.const 20000)) (then unreachable))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $l (i32.lt_u (local.get $i) (i32.const 10))))))";
    assert_eq!(run(text).exit, Exit::Ok);
}

#[test]
fn a_host_timeout_is_not_a_result() {
    let limits = RunLimits {
        fuel: u64::MAX,
        wall: Duration::from_millis(50),
        ..limits()
    };
    let error = try_run(LOOP, nothing(), &limits).unwrap_err();
    assert_eq!(error, RunError::Timeout { seconds: 1 });
    assert!(error.to_string().contains("limit of 1 s"), "{error}");
}

#[test]
fn a_run_can_be_cancelled_while_others_continue() {
    let program = RUNTIME.compile(&wat::parse_str(LOOP).unwrap()).unwrap();
    let endless = RunLimits {
        fuel: u64::MAX,
        ..limits()
    };
    let cancel = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let cancelled = scope.spawn(|| RUNTIME.run_until(&program, nothing(), &endless, &cancel));
        let other = scope.spawn(|| RUNTIME.run(&program, nothing(), &limits()));
        let other = other.join().unwrap().unwrap();
        assert_eq!(other.exit, Exit::Failed(ProgramFailure::OutOfFuel));
        cancel.store(true, Ordering::Relaxed);
        assert_eq!(cancelled.join().unwrap(), Err(RunError::Cancelled));
    });
}
