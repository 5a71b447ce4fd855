//! Coverage-guided fuzzing of the program as it was built. An input's bytes are read as a sequence of
//! transactions in a prepared town: instructions that would succeed, and what an attacker may make of
//! them. The feedback is the coverage of the program's own bytecode, so that the fuzzer itself needs no
//! instrumentation.

mod acts;
mod base;
mod byzantine;
mod checks;
pub mod coverage;
mod elf;
mod picks;
pub mod play;
pub mod report;
mod tally;
mod tracer;
mod watch;
