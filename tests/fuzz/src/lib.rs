//! Coverage-guided fuzzing of the program as it was built. An input's bytes are read as a sequence of
//! transactions in a prepared town: instructions that would succeed, and what an attacker may make of
//! them. The feedback is the coverage of the program's own bytecode, so that the fuzzer itself needs no
//! instrumentation.

/// The network, its parties and their steps, as the other tests of the program have them.
#[allow(dead_code, unused_imports, clippy::unwrap_used)]
#[path = "../../tests/program"]
mod program {
    pub mod fixture;
}
use program::fixture;

/// Towns in which each instruction succeeds, as the matrix of substitutions has them.
#[allow(dead_code, clippy::unwrap_used)]
#[path = "../../tests/matrix"]
mod matrix {
    pub mod idl;
    pub mod kind;
    pub mod scenes;
    pub mod stage;
    pub mod town;
    pub mod tried;
}

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
