//! Coverage-guided fuzzing of the built program. The bytes of an input are decoded to a sequence of
//! transactions in a prepared network: instructions that would succeed, and variations by an attacker.
//! The feedback is the coverage of the program's own bytecode, so the fuzzer itself needs no
//! instrumentation.

mod actions;
mod attacker;
mod base;
mod checks;
mod choices;
mod counts;
pub mod coverage;
mod elf;
mod invariants;
pub mod report;
pub mod run;
mod tracer;
