//! One validating pass over a module, which collects its imports and the stack frame of each function.

use wasmparser::{
    BinaryReaderError, CompositeInnerType, ExternalKind, FuncToValidate, FuncType,
    FuncValidatorAllocations, FunctionBody, Operator, Parser, Payload, TypeRef, ValType,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// Export that runs a program.
pub(crate) const START: &str = "_start";

/// WebAssembly features of a module: version 2.0 without references to host objects, with two
/// deterministic additions that compilers emit.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::RELAXED_SIMD);

/// Fixed size of a frame in bytes.
const FRAME_BYTES: u64 = 64;
/// Size of a local or an operand in bytes; doubled in functions with vectors.
const SLOT_BYTES: u64 = 8;
/// A function without calls is not metered if its frame is at most this large.
const SMALL_LEAF_BYTES: u64 = 64 << 10;

/// What [`super::rewrite`] needs from a module.
#[derive(Debug, Default)]
pub(super) struct ModuleSurvey {
    /// Module and name of each import.
    pub(super) imports: Vec<(String, String)>,
    /// Number of imported functions.
    pub(super) imported_functions: u32,
    /// All types; all are function types.
    pub(super) types: Vec<FuncType>,
    /// Number of globals.
    pub(super) globals: u32,
    /// Whether a function is exported as `_start`.
    pub(super) starts: bool,
    /// The functions that the module defines.
    pub(super) functions: Vec<Function>,
}

/// A function that the module defines.
#[derive(Debug)]
pub(super) struct Function {
    /// Index of the type in [`ModuleSurvey::types`].
    pub(super) type_index: u32,
    /// Bytes of stack to meter; `None` for a small function without calls.
    pub(super) frame_bytes: Option<u64>,
}

/// Validates `wasm` and collects what the rewriting needs.
pub(super) fn survey(wasm: &[u8]) -> Result<ModuleSurvey, BinaryReaderError> {
    let mut validator = Validator::new_with_features(FEATURES);
    let mut survey = ModuleSurvey::default();
    let mut bodies = 0;
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let ValidPayload::Func(function, body) = validator.payload(&payload)? {
            let (frame, reuse) = frame(function, &body, allocations)?;
            allocations = reuse;
            // The validator guarantees as many bodies as declarations.
            if let Some(function) = survey.functions.get_mut(bodies) {
                function.frame_bytes = frame;
            }
            bodies += 1;
        }
        survey.note(&payload)?;
    }
    Ok(survey)
}

impl ModuleSurvey {
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(section) => {
                for group in section.clone() {
                    for ty in group?.into_types() {
                        if let CompositeInnerType::Func(function) = ty.composite_type.inner {
                            self.types.push(function);
                        }
                    }
                }
            }
            Payload::ImportSection(section) => {
                for import in section.clone().into_imports() {
                    let import = import?;
                    if matches!(import.ty, TypeRef::Func(_)) {
                        self.imported_functions += 1;
                    }
                    self.imports
                        .push((import.module.into(), import.name.into()));
                }
            }
            Payload::FunctionSection(section) => {
                for type_index in section.clone() {
                    self.functions.push(Function {
                        type_index: type_index?,
                        frame_bytes: None,
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section.clone() {
                    let export = export?;
                    self.starts |= export.name == START && export.kind == ExternalKind::Func;
                }
            }
            Payload::GlobalSection(section) => self.globals = section.count(),
            _ => {}
        }
        Ok(())
    }
}

/// Validates one body and returns the stack to meter for it.
fn frame(
    function: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    allocations: FuncValidatorAllocations,
) -> Result<(Option<u64>, FuncValidatorAllocations), BinaryReaderError> {
    let mut validator = function.into_validator(allocations);
    validator.read_locals(&mut body.get_binary_reader())?;
    let locals = validator.len_locals();
    let mut vectors = (0..locals).any(|i| validator.get_local_type(i) == Some(ValType::V128));
    let (mut highest, mut calls) = (0, false);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        validator.op(offset, &operator)?;
        highest = highest.max(validator.operand_stack_height());
        vectors |= validator.get_operand_type(0) == Some(Some(ValType::V128));
        calls |= matches!(
            operator,
            Operator::Call { .. } | Operator::CallIndirect { .. }
        );
    }
    operators.finish()?;
    let slot = if vectors { 2 * SLOT_BYTES } else { SLOT_BYTES };
    let bytes = FRAME_BYTES + slot * (u64::from(locals) + u64::from(highest));
    let metered = calls || bytes > SMALL_LEAF_BYTES;
    Ok((metered.then_some(bytes), validator.into_allocations()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn frames(text: &str) -> Vec<Option<u64>> {
        let survey = survey(&wat::parse_str(text).unwrap()).unwrap();
        survey.functions.iter().map(|f| f.frame_bytes).collect()
    }

    #[test]
    fn a_frame_counts_locals_and_the_maximum_operand_stack() {
        let text = "(module
            (func $leaf)
            (func (param i32) (local i64 i64) (call $leaf) (drop (i32.add (i32.const 1) (i32.const 2))))
            (func (local v128) (call $leaf)))";
        assert_eq!(frames(text), [None, Some(64 + 8 * 5), Some(64 + 16)]);
    }

    #[test]
    fn a_leaf_with_a_large_frame_is_metered() {
        let locals = " i64".repeat(10_000);
        let text = format!("(module (func (local{locals})))");
        assert_eq!(frames(&text), [Some(64 + 8 * 10_000)]);
    }

    #[test]
    fn unsupported_features_are_refused() {
        for text in [
            "(module (memory 1 1 shared))",
            "(module (func (param externref)))",
            "(module (memory 1) (memory 1))",
            "(module (memory i64 1))",
        ] {
            let wasm = wat::parse_str(text).unwrap();
            assert!(survey(&wasm).is_err(), "{text}");
        }
    }
}
