//! Turns the bytes of a module into a program: checks, metering, compilation.

mod rewrite;
pub(crate) mod survey;

use wasmtime::{ExternType, InstancePre, Linker, Module};

use crate::error::RunError;
use crate::wasi;
use crate::wasi::host::Host;
use survey::START;

/// Maximum size of a module: 64 MiB. Compilation is not paid for, so it must be bounded.
pub const MAX_MODULE_BYTES: u64 = 64 << 20;

/// A compiled program. Cheap to clone; runs only on the [`crate::Runtime`] that compiled it.
#[derive(Clone)]
pub struct Program {
    pub(crate) ready: InstancePre<Host>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

/// Checks `wasm`, adds the stack meter and compiles it.
pub(crate) fn compile(linker: &Linker<Host>, wasm: &[u8]) -> Result<Program, RunError> {
    if wasm.len() as u64 > MAX_MODULE_BYTES {
        return Err(RunError::TooLarge {
            bytes: wasm.len() as u64,
            limit: MAX_MODULE_BYTES,
        });
    }
    if !wasm.starts_with(b"\0asm") {
        return Err(not_wasm(
            "it does not start with the WebAssembly magic bytes",
        ));
    }
    if wasmparser::Parser::is_component(wasm) {
        return Err(not_wasm("it is a component, not a module"));
    }
    let survey = survey::survey(wasm).map_err(not_wasm)?;
    for (module, name) in &survey.imports {
        if module != wasi::MODULE || !wasi::offers(name) {
            return Err(RunError::UnsupportedImport {
                module: module.clone(),
                name: name.clone(),
            });
        }
    }
    if !survey.starts {
        return Err(RunError::NoStart);
    }
    let metered = rewrite::rewrite(wasm, &survey).map_err(not_wasm)?;
    let module = Module::from_binary(linker.engine(), &metered).map_err(not_wasm)?;
    match module.get_export(START) {
        Some(ExternType::Func(ty)) if ty.params().len() == 0 && ty.results().len() == 0 => {}
        _ => return Err(RunError::NoStart),
    }
    let ready = linker.instantiate_pre(&module).map_err(not_wasm)?;
    Ok(Program { ready })
}

fn not_wasm(reason: impl std::fmt::Display) -> RunError {
    RunError::NotWasm {
        reason: format!("{reason:#}"),
    }
}
