//! Adds a stack meter to a module.
//!
//! The size of native frames depends on processor and compiler. With a native stack limit the same
//! recursion could succeed on one machine and fail on another, and an honest provider would appear
//! dishonest. The meter is WebAssembly code, so it is equal everywhere: a global contains the remaining
//! bytes; each function that calls others subtracts its frame on entry and adds it again on exit.
//!
//! A function's body becomes
//! ```wat
//! (global.set $left (i32.sub (global.get $left) (i32.const FRAME)))
//! (if (i32.lt_s (global.get $left) (i32.const 0)) (then (call $meter (i32.const 1)) unreachable))
//! (block (result …) …body, each `return` a branch to the end of this block… )
//! (global.set $left (i32.add (global.get $left) (i32.const FRAME)))
//! ```
//! and `$meter` is called before memory or a table grows: a call makes the fuel meter current, and growing
//! may end the run.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, GlobalSection, GlobalType, ImportSection, Instruction,
    Module, SectionId, TypeSection, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser};

use super::survey::ModuleSurvey;
use crate::meter::{METER_MODULE, METER_NAME, METER_OVERFLOW, METER_SYNC};

/// Stack that a program may use, in bytes of WebAssembly frames: 4 MiB.
const STACK_BYTES: i32 = 4 << 20;

type Result<T> = std::result::Result<T, Error<Infallible>>;

/// Returns `wasm` with the stack meter added.
pub(super) fn rewrite(wasm: &[u8], survey: &ModuleSurvey) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut rewriter = Rewriter {
        survey,
        meter_type: survey.types.len() as u32,
        body: 0,
        imported: false,
        global: false,
    };
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Rewriter<'a> {
    survey: &'a ModuleSurvey,
    /// Index of the meter's type, the first added type.
    meter_type: u32,
    /// Index of the next function body.
    body: usize,
    /// Whether the import of the meter has been written.
    imported: bool,
    /// Whether the global has been written.
    global: bool,
}

impl Reencode for Rewriter<'_> {
    type Error = Infallible;

    /// The meter is the last import, so the indexes of the module's own functions increase by one.
    fn function_index(&mut self, index: u32) -> Result<u32> {
        Ok(index + u32::from(index >= self.survey.imported_functions))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], []);
        // For each type, a type `() -> results` for blocks with more than one result.
        for ty in &self.survey.types {
            let results = self.val_types(ty.results().to_vec())?;
            types.ty().function([], results);
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_import_section(self, imports, section)?;
        self.import_meter(imports);
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_global_section(self, globals, section)?;
        self.add_global(globals);
        Ok(())
    }

    /// Writes the sections that the meter needs if the module has none.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Result<()> {
        use SectionId::{Function, Global, Import, Memory, Table, Tag, Type};
        if !self.imported && !matches!(before, Some(Type | Import)) {
            let mut imports = ImportSection::new();
            self.import_meter(&mut imports);
            module.section(&imports);
        }
        let too_early = matches!(
            before,
            Some(Type | Import | Function | Table | Memory | Tag | Global)
        );
        if !self.global && !too_early {
            let mut globals = GlobalSection::new();
            self.add_global(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<()> {
        let function = self.survey.functions.get(self.body);
        self.body += 1;
        let metered = function.and_then(|f| f.frame_bytes.map(|bytes| (f.type_index, bytes)));
        let mut out = self.new_function_with_parsed_locals(&body)?;
        if let Some((type_index, bytes)) = metered {
            let frame = i32::try_from(bytes).unwrap_or(i32::MAX);
            for instruction in self.enter(type_index, frame)? {
                out.instruction(&instruction);
            }
            self.copy_body(&mut out, &body, true)?;
            for instruction in self.leave(frame) {
                out.instruction(&instruction);
            }
        } else {
            self.copy_body(&mut out, &body, false)?;
        }
        code.function(&out);
        Ok(())
    }

    /// Drops names and debug information, which would be wrong after the rewriting and are not used.
    fn parse_custom_section(
        &mut self,
        _module: &mut Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<()> {
        Ok(())
    }
}

impl Rewriter<'_> {
    fn import_meter(&mut self, imports: &mut ImportSection) {
        let ty = wasm_encoder::EntityType::Function(self.meter_type);
        imports.import(METER_MODULE, METER_NAME, ty);
        self.imported = true;
    }

    fn add_global(&mut self, globals: &mut GlobalSection) {
        let ty = GlobalType {
            val_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        globals.global(ty, &ConstExpr::i32_const(STACK_BYTES));
        self.global = true;
    }

    /// Subtracts the frame, ends the run if the stack is exhausted, and opens the block around the body.
    fn enter(&mut self, type_index: u32, frame: i32) -> Result<Vec<Instruction<'static>>> {
        let left = self.survey.globals;
        let mut code = vec![
            Instruction::GlobalGet(left),
            Instruction::I32Const(frame),
            Instruction::I32Sub,
            Instruction::GlobalSet(left),
            Instruction::GlobalGet(left),
            Instruction::I32Const(0),
            Instruction::I32LtS,
            Instruction::If(BlockType::Empty),
        ];
        code.extend(self.call_meter(METER_OVERFLOW));
        code.extend([Instruction::Unreachable, Instruction::End]);
        let results = match self.survey.types.get(type_index as usize) {
            Some(ty) => ty.results(),
            None => &[],
        };
        code.push(Instruction::Block(match results {
            [] => BlockType::Empty,
            [one] => BlockType::Result(self.val_type(*one)?),
            _ => BlockType::FunctionType(self.meter_type + 1 + type_index),
        }));
        Ok(code)
    }

    fn leave(&self, frame: i32) -> [Instruction<'static>; 5] {
        let left = self.survey.globals;
        [
            Instruction::GlobalGet(left),
            Instruction::I32Const(frame),
            Instruction::I32Add,
            Instruction::GlobalSet(left),
            Instruction::End,
        ]
    }

    fn call_meter(&self, what: i32) -> [Instruction<'static>; 2] {
        [
            Instruction::I32Const(what),
            Instruction::Call(self.survey.imported_functions),
        ]
    }

    /// Copies the instructions. In a metered body each `return` becomes a branch to the block around the
    /// body. Branches to the function's own label need no change: that block is exactly one level inside
    /// it.
    fn copy_body(
        &mut self,
        out: &mut wasm_encoder::Function,
        body: &FunctionBody<'_>,
        metered: bool,
    ) -> Result<()> {
        let mut depth: u32 = 0;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let operator = operators.read()?;
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                // The last `end` closes the body itself; the depth is 0 then.
                Operator::End => depth = depth.saturating_sub(1),
                Operator::MemoryGrow { .. } | Operator::TableGrow { .. } => {
                    for instruction in self.call_meter(METER_SYNC) {
                        out.instruction(&instruction);
                    }
                }
                _ => {}
            }
            let instruction = match operator {
                Operator::Return if metered => Instruction::Br(depth),
                operator => self.instruction(operator)?,
            };
            out.instruction(&instruction);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::survey::{FEATURES, survey};
    use super::*;

    #[test]
    fn rewritten_modules_are_valid() {
        for text in [
            "(module (func (export \"_start\")))",
            "(module (memory 1) (func $f (drop (memory.grow (i32.const 1)))) (start $f))",
            "(module (global i32 (i32.const 5)) (func $f (call $f) (return)))",
            "(module (func $f (result i32 i64)
                (if (i32.const 1) (then (return (call $f))))
                (block (br 1 (call $f)) ) (unreachable)))",
            "(module (func $f (param i32) (result f64)
                (block (loop (br_if 1 (local.get 0)) (br_table 0 1 (local.get 0))))
                (drop (call $f (i32.const 1))) (br 0 (f64.const 1))))",
            "(module (import \"m\" \"f\" (func $f (param i32))) (table 2 funcref) (elem (i32.const 0) $f $g)
                (func $g (param i32) (call_indirect (param i32) (local.get 0) (i32.const 1)))
                (export \"g\" (func $g)) (elem declare func $g) (func (drop (ref.func $g))))",
        ] {
            let wasm = wat::parse_str(text).unwrap();
            let metered = rewrite(&wasm, &survey(&wasm).unwrap()).unwrap();
            wasmparser::Validator::new_with_features(FEATURES)
                .validate_all(&metered)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
}
