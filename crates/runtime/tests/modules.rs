//! Which modules are accepted, and the errors of the others.
#![allow(clippy::unwrap_used)]

mod common;

use common::{RUNTIME, limits, nothing};
use millrace_runtime::{MAX_MODULE_BYTES, RunError, Runtime};

fn refused(text: &str) -> RunError {
    RUNTIME.compile(&wat::parse_str(text).unwrap()).unwrap_err()
}

fn reason(error: RunError) -> String {
    match error {
        RunError::NotWasm { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_that_are_not_webassembly_are_refused_with_advice() {
    for bytes in [&b""[..], b"hello", b"#!/bin/sh", b"\x7fELF", b"(module)"] {
        let error = RUNTIME.compile(bytes).unwrap_err();
        assert!(matches!(error, RunError::NotWasm { .. }), "{error:?}");
        assert!(error.to_string().contains("wasm32-wasip1"), "{error}");
    }
    let cut = &wat::parse_str("(module (func (export \"_start\")))").unwrap()[..20];
    assert!(matches!(
        RUNTIME.compile(cut),
        Err(RunError::NotWasm { .. })
    ));
}

#[test]
fn a_component_is_refused_as_such() {
    assert!(reason(refused("(component)")).contains("component"));
}

#[test]
fn an_oversized_module_is_refused_unread() {
    let oversized = vec![0; MAX_MODULE_BYTES as usize + 1];
    let error = RUNTIME.compile(&oversized).unwrap_err();
    assert!(matches!(error, RunError::TooLarge { .. }), "{error:?}");
}

#[test]
fn an_unsupported_import_is_reported_by_name() {
    for (module, name) in [
        ("env", "launch"),
        ("wasi_snapshot_preview1", "path_teleport"),
        ("wasi_unstable", "fd_write"),
        ("millrace", "meter"),
    ] {
        let text = format!(
            "(module (import \"{module}\" \"{name}\" (func (param i32))) (func (export \"_start\")))"
        );
        let error = refused(&text);
        let expected = RunError::UnsupportedImport {
            module: module.into(),
            name: name.into(),
        };
        assert_eq!(error, expected);
        assert!(error.to_string().contains(&format!("`{module}::{name}`")));
    }
    let memory = "(module (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))";
    assert!(matches!(
        refused(memory),
        RunError::UnsupportedImport { .. }
    ));
}

#[test]
fn an_import_of_another_type_is_refused() {
    let text = "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param f64)))
        (func (export \"_start\")))";
    assert!(reason(refused(text)).contains("fd_write"));
}

#[test]
fn a_library_is_refused() {
    for text in [
        "(module)",
        "(module (func (export \"_initialize\")))",
        "(module (func (export \"_start\") (param i32)))",
        "(module (memory (export \"_start\") 1))",
    ] {
        assert_eq!(refused(text), RunError::NoStart, "{text}");
    }
}

#[test]
fn nondeterministic_features_are_refused() {
    for text in [
        "(module (memory 1 1 shared) (func (export \"_start\")))",
        "(module (memory 1) (func (export \"_start\") (drop (i32.atomic.load (i32.const 0)))))",
        "(module (memory i64 1) (func (export \"_start\")))",
        "(module (memory 1) (memory 1) (func (export \"_start\")))",
        "(module (tag) (func (export \"_start\")))",
    ] {
        assert!(!reason(refused(text)).is_empty(), "{text}");
    }
}

#[test]
fn a_program_runs_only_on_the_runtime_that_compiled_it() {
    let wasm = wat::parse_str("(module (func (export \"_start\")))").unwrap();
    let program = RUNTIME.compile(&wasm).unwrap();
    let other = Runtime::new().unwrap();
    let error = other.run(&program, nothing(), &limits()).unwrap_err();
    assert!(matches!(error, RunError::Host(_)), "{error:?}");
}

#[test]
fn runtimes_and_programs_are_send_and_sync() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Runtime>();
    shared::<millrace_runtime::Program>();
}
