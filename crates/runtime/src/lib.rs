//! Runs one shard: a WebAssembly program (WASI preview 1) with a fuel meter. Equal inputs give equal
//! output, exit and fuel on every machine.
//!
//! # Environment of a program
//! - `argv[0]` is `program`, followed by the job's arguments. The environment contains only the job's
//!   variables.
//! - Standard input is the input of the shard. The job's named inputs are read-only files in `/in`, the
//!   only directory. There is no host file system and no network.
//! - Standard output is the output of the shard, up to a limit. Standard error is a log, truncated at a
//!   limit; it is not part of the result.
//! - Every clock is fixed at 2020-01-01T00:00:00Z ([`CLOCK_NANOS`]); sleeping and polling return
//!   immediately. Random bytes are a stream derived from the seed of the shard.
//! - WebAssembly 2.0 with extended constant expressions and relaxed SIMD (in its deterministic form);
//!   one memory, no threads. NaNs are canonical.
//!
//! # Determinism
//! [`RunOutcome::exit`], [`RunOutcome::output`] and [`RunOutcome::fuel`] are deterministic. The log is
//! too, but providers do not agree on it. A [`RunError`] is *not* a result: either the module cannot be
//! run at all, or this host failed (its time limit, its memory). No provider may be penalized for it.
//!
//! # Fuel
//! A WebAssembly instruction costs 1 (`nop`, `drop` and block structure 0). Bulk operations cost 1 more
//! per byte or table element, a page of memory 255. A call of the host costs [`HOST_CALL_FUEL`] and 1
//! per byte that it moves (random bytes cost [`RANDOM_FUEL_PER_BYTE`]). Entering and leaving a function
//! that calls others costs 12 more for the stack meter, and growing memory 2 more, which makes the fuel
//! meter current first. A run must end with fuel left: a run that has used its whole limit, even with its
//! last instruction, is out of fuel, and its fuel is the limit.
//!
//! # Stack
//! The recursion depth of a program must not depend on the machine, but the size of native stack frames
//! does, because compilers allocate registers by processor. So the runtime adds WebAssembly code to the
//! module that meters the depth (see `program::rewrite`), up to 4 MiB of WebAssembly frames. The native
//! stack is large enough that the meter always ends a runaway recursion first.
//!
//! # Failures
//! The output of a failed shard is *empty*, because partial output could differ between machines. Some
//! traps (a memory access out of bounds, a division by zero) happen between two updates of the meter. A
//! run that ends with such a trap is charged the whole limit; otherwise a program could compute without
//! payment and then trap on purpose.

#![warn(missing_docs)]

mod engine;
mod error;
mod input;
mod limits;
mod meter;
mod outcome;
mod program;
mod wasi;

pub use engine::Runtime;
pub use error::RunError;
pub use input::RunInput;
pub use limits::RunLimits;
pub use meter::{HOST_CALL_FUEL, RANDOM_FUEL_PER_BYTE};
pub use outcome::{Exit, ProgramFailure, RunOutcome, exit_code};
pub use program::{MAX_MODULE_BYTES, Program};
pub use wasi::CLOCK_NANOS;
