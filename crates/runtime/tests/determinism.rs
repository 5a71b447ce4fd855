//! Equal inputs give equal exit, output and fuel.
#![allow(clippy::unwrap_used)]

mod common;

use common::{limits, nothing, run, wasi};
use millrace_runtime::{Exit, RunInput, Runtime};
use proptest::prelude::*;

/// Sums its input, prints the sum and some random bytes.
const BUSY: &str = "(local $i i32) (local $sum i64)
    (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 5000))
    (call $check (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $l
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
            (i64.load8_u offset=1000 (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.load (i32.const 8)))))
    (i64.store (i32.const 16) (local.get $sum))
    (call $check (call $random (i32.const 24) (i32.const 8)))
    (call $print (i32.const 16) (i32.const 16))";

#[test]
fn repeated_runs_on_two_runtimes_agree() {
    let wasm = wat::parse_str(wasi(BUSY)).unwrap();
    let input = RunInput {
        stdin: b"the same for everyone",
        seed: [9; 32],
        ..nothing()
    };
    let runtimes = [Runtime::new().unwrap(), Runtime::new().unwrap()];
    let outcomes: Vec<_> = (0..4)
        .map(|turn| {
            let runtime = &runtimes[turn % 2];
            let program = runtime.compile(&wasm).unwrap();
            runtime.run(&program, input, &limits()).unwrap()
        })
        .collect();
    assert_eq!(outcomes[0].exit, Exit::Ok);
    assert_eq!(outcomes[0].output.len(), 16);
    assert!(outcomes[0].fuel > 0);
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
}

#[test]
fn an_unmetered_runtime_gives_the_same_output_without_fuel() {
    let wasm = wat::parse_str(wasi(BUSY)).unwrap();
    let of = |runtime: Runtime| {
        let program = runtime.compile(&wasm).unwrap();
        runtime.run(&program, nothing(), &limits()).unwrap()
    };
    let (with, without) = (
        of(Runtime::new().unwrap()),
        of(Runtime::unmetered().unwrap()),
    );
    assert_eq!(with.output, without.output);
    assert_eq!(without.fuel, 0);
    assert!(with.fuel > 0);
}

/// The fuel of fixed programs. If this test fails, the meter has changed: providers would be paid
/// differently, and results would differ from those of older runtimes.
#[test]
fn the_fuel_of_instructions_never_changes() {
    let count = |body: &str| {
        run(&format!(
            "(module (memory 1) (func $f) (func (export \"_start\") {body}))"
        ))
        .fuel
    };
    let empty = count("");
    assert_eq!(empty, 1);
    assert_eq!(count("nop nop") - empty, 0);
    assert_eq!(
        count("(drop (i32.add (i32.const 1) (i32.const 2)))") - empty,
        3
    );
    assert_eq!(
        count("(memory.fill (i32.const 0) (i32.const 0) (i32.const 1000))") - empty,
        1004
    );
    // The call, the callee and the stack meter of the caller.
    assert_eq!(count("(call $f)") - empty, 1 + 1 + 12);
    assert_eq!(
        count("(drop (memory.grow (i32.const 2)))") - empty,
        2 + 2 + 2 * 255
    );
}

/// The bits of the number that `body` leaves on the stack.
fn bits(body: &str, store: &str) -> Vec<u8> {
    run(&wasi(&format!(
        "({store} (i32.const 16) {body}) (call $print (i32.const 16) (i32.const 16))"
    )))
    .output
}

#[test]
fn arithmetic_yields_canonical_nans() {
    for body in [
        "(f64.div (f64.const 0) (f64.const -0))",
        "(f64.sub (f64.const inf) (f64.const inf))",
        "(f64.sqrt (f64.const -1))",
        "(f64.add (f64.const -nan:0x8000000000123) (f64.const 1))",
        "(f64.min (f64.const nan:0x8000000000456) (f64.const 1))",
        "(f64.promote_f32 (f32.const -nan:0x400123))",
        "(f64.floor (f64.const -nan:0x8000000000123))",
    ] {
        let nan = bits(body, "f64.store");
        assert_eq!(nan[..8], 0x7ff8_0000_0000_0000u64.to_le_bytes(), "{body}");
    }
    for body in [
        "(f32.div (f32.const 0) (f32.const 0))",
        "(f32.mul (f32.const -nan:0x400001) (f32.const 2))",
        "(f32.demote_f64 (f64.const -nan:0x8000000000123))",
    ] {
        let nan = bits(body, "f32.store");
        assert_eq!(nan[..4], 0x7fc0_0000u32.to_le_bytes(), "{body}");
    }
    let lanes = bits(
        "(f32x4.div (v128.const f32x4 0 1 -1 0) (v128.const f32x4 0 2 0 -0))",
        "v128.store",
    );
    assert_eq!(lanes[..4], 0x7fc0_0000u32.to_le_bytes());
    assert_eq!(lanes[12..], 0x7fc0_0000u32.to_le_bytes());
}

#[test]
fn relaxed_simd_is_deterministic() {
    // Multiply and add with a single rounding.
    let fused = bits(
        "(f32x4.relaxed_madd
            (v128.const f32x4 1.000244140625 1 1 1) (v128.const f32x4 1.000244140625 1 1 1)
            (v128.const f32x4 -1.00048828125 0 0 0))",
        "v128.store",
    );
    let step = f32::EPSILON * 2048.0;
    let (a, b) = (1.0 + step, -1.0 - 2.0 * step);
    assert_eq!(fused[..4], a.mul_add(a, b).to_le_bytes());
    assert_ne!(fused[..4], (a * a + b).to_le_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Takes every exit of a metered function; each must restore the stack meter, and the result must equal
    /// that of the same function in Rust.
    #[test]
    fn metered_functions_compute_the_same_result(start in 0u32..200, seed in 0u8..4) {
        let text = wasi(&format!("
            (i32.store (i32.const 16) (call $f (i32.const {start}) (i32.const {seed})))
            (call $print (i32.const 16) (i32.const 4))"));
        let text = format!("{} {F})", text.strip_suffix(')').unwrap());
        let outcome = run(&text);
        prop_assert_eq!(&outcome.exit, &Exit::Ok);
        prop_assert_eq!(outcome.output, f(start, u32::from(seed)).to_le_bytes());
    }
}

/// Exits by `return`, by branches to the function's own label, by a branch table, and at the end of the
/// body.
const F: &str = "(func $f (param $n i32) (param $way i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (local.get $way))))
    (block $two (block $one (block $zero
        (br_table $zero $one $two (i32.rem_u (i32.add (local.get $n) (local.get $way)) (i32.const 3))))
        (return (i32.add (i32.const 1) (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $way)))))
        (br 1 (i32.mul (i32.const 3) (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $way))))
    )
    (i32.xor (local.get $n) (call $f (i32.sub (local.get $n) (i32.const 1)) (local.get $way))))";

fn f(n: u32, way: u32) -> u32 {
    if n == 0 {
        return way;
    }
    let rest = f(n - 1, way);
    match (n + way) % 3 {
        0 => rest.wrapping_add(1),
        1 => rest.wrapping_mul(3),
        _ => n ^ rest,
    }
}
