//! Runs one shard: a WebAssembly program (WASI preview 1) with a fuel meter, so that equal inputs
//! give equal output bytes, equal exit and equal fuel on every machine.
//!
//! # What a program sees
//! - `argv[0]` is `program`, the job's arguments follow; the environment is what the job says,
//!   nothing else.
//! - Standard input is the shard's input. The job's named inputs are read-only files in `/in`, the
//!   only folder there is. No host file system, no network.
//! - Standard output is the shard's output, under a limit. Standard error is a log: cut at a limit,
//!   no part of the result.
//! - Every clock stands still at 2020-01-01T00:00:00Z ([`CLOCK_NANOS`]); sleeping and polling
//!   return at once. Random bytes are a stream grown from the shard's seed.
//! - WebAssembly 2.0 with extended constant expressions and relaxed SIMD (in its deterministic
//!   form); one memory, no threads. NaNs are canonical.
//!
//! # What is deterministic
//! [`RunOutcome::exit`], [`RunOutcome::output`] and [`RunOutcome::fuel`]; the log is too, but is not agreed
//! upon. A [`RunError`] is *not* a result: it is either a module that can't be run at all, or this
//! host's own trouble (its patience, its memory), and nobody may be judged by it.
//!
//! # Fuel
//! One WebAssembly instruction costs 1 (`nop`, `drop` and block structure 0), bulk operations 1 per
//! byte or table element in addition, a page of memory 255. Each call of the host costs
//! [`HOST_CALL_FUEL`] and 1 per byte that it moves (random bytes
//! [`RANDOM_FUEL_PER_BYTE`]). Entering and leaving a function that calls others costs 12 more, for
//! the stack meter, and asking for memory 2 more, so that the fuel meter is read before. A run
//! must end with fuel left: one that has used up its limit, even by its very last instruction, is
//! out of fuel and its meter reads the limit.
//!
//! # The stack
//! How deep a program may recurse must not depend on the machine, but the size of a native stack
//! frame does: compilers choose registers by the processor. So the depth is metered by WebAssembly
//! code that is added to the module (see `program::rewrite`), at 4 MiB of WebAssembly frames, and
//! the native stack is made so large that the meter is what ends a runaway recursion.
//!
//! # Failures
//! A failed shard has an *empty* output, so that nothing half-written can be told apart between
//! machines. Traps in the middle of straight-line code (a memory access out of bounds, a division
//! by zero) happen between two readings of the meter; those are metered at the whole limit, because
//! anything less would let a program compute for free and then trap on purpose.

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
