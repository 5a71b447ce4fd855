//! The outcome of a run, which is equal on all machines.

use serde::{Deserialize, Serialize};
use wasmtime::Trap;

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutcome {
    /// How the program ended.
    pub exit: Exit,
    /// Standard output; empty if the program failed.
    pub output: Vec<u8>,
    /// Standard error, up to the limit. Not part of the result.
    pub log: Vec<u8>,
    /// Whether the log was truncated.
    pub log_truncated: bool,
    /// Consumed fuel, at most the limit; 0 with an unmetered runtime.
    pub fuel: u64,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// The program returned from `_start` or exited with 0.
    Ok,
    /// The program exited with this code, 1 to 255 (larger codes become 255).
    Code(i32),
    /// The runtime ended the program.
    Failed(ProgramFailure),
}

/// Why the runtime ended a program; equal on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramFailure {
    /// The program used its whole fuel.
    OutOfFuel,
    /// The program requested more memory than its limit.
    OutOfMemory,
    /// The program wrote more output than its limit.
    OutputLimit,
    /// The program trapped. The name is one of a fixed list: `unreachable`,
    /// `stack overflow`, `integer divide by zero`, `integer overflow`,
    /// `invalid conversion to integer`, `out of bounds memory access`,
    /// `out of bounds table access`, `uninitialized element`, `indirect call type mismatch`.
    Trap(String),
}

/// The number of an exit in a receipt. Numbers below zero never change their meaning; new ones are added
/// at the end.
///
/// | exit | number |
/// |---|---|
/// | `Ok` | 0 |
/// | `Code(n)` | n |
/// | `OutOfFuel` | -1 |
/// | `OutOfMemory` | -2 |
/// | `OutputLimit` | -3 |
/// | `Trap` | -4 |
pub fn exit_code(exit: &Exit) -> i32 {
    match exit {
        Exit::Ok => 0,
        Exit::Code(code) => *code,
        Exit::Failed(ProgramFailure::OutOfFuel) => -1,
        Exit::Failed(ProgramFailure::OutOfMemory) => -2,
        Exit::Failed(ProgramFailure::OutputLimit) => -3,
        Exit::Failed(ProgramFailure::Trap(_)) => -4,
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ok => write!(f, "ok"),
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Failed(failure) => write!(f, "{failure}"),
        }
    }
}

impl std::fmt::Display for ProgramFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfFuel => write!(f, "out of fuel"),
            Self::OutOfMemory => write!(f, "out of memory"),
            Self::OutputLimit => write!(f, "output limit exceeded"),
            Self::Trap(kind) => write!(f, "trap: {kind}"),
        }
    }
}

/// The error that unwinds WebAssembly frames when the host ends a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("exit {0}")]
    Exit(u32),
    #[error("{0}")]
    Failed(ProgramFailure),
    /// Timeout or cancellation; the watching thread records which.
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Host(String),
}

/// Name of the trap that the stack meter reports.
pub(crate) const STACK_OVERFLOW: &str = "stack overflow";

impl Stop {
    /// Classifies the error that ended a call into WebAssembly.
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        if let Some(stop) = error.downcast_ref::<Self>() {
            return stop.clone();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Failed(ProgramFailure::OutOfFuel),
            Some(Trap::Interrupt) => Self::Interrupted,
            Some(Trap::StackOverflow) => {
                Self::Host("the native stack was exhausted before the program's stack limit".into())
            }
            Some(trap) => match trap_name(*trap) {
                Some(name) => Self::Failed(ProgramFailure::Trap(name.into())),
                None => Self::Host(trap.to_string()),
            },
            None => Self::Host(format!("{error:#}")),
        }
    }

    /// The exit of the program, or `self` if it is not the program's doing.
    pub(crate) fn exit(self) -> Result<Exit, Self> {
        match self {
            Self::Exit(0) => Ok(Exit::Ok),
            // A large code must not be truncated to 0, which means success.
            Self::Exit(code) => Ok(Exit::Code(code.min(255) as i32)),
            Self::Failed(failure) => Ok(Exit::Failed(failure)),
            other => Err(other),
        }
    }
}

fn trap_name(trap: Trap) -> Option<&'static str> {
    Some(match trap {
        Trap::MemoryOutOfBounds => "out of bounds memory access",
        Trap::TableOutOfBounds => "out of bounds table access",
        Trap::IndirectCallToNull => "uninitialized element",
        Trap::BadSignature => "indirect call type mismatch",
        Trap::IntegerOverflow => "integer overflow",
        Trap::IntegerDivisionByZero => "integer divide by zero",
        Trap::BadConversionToInteger => "invalid conversion to integer",
        Trap::UnreachableCodeReached => "unreachable",
        _ => return None,
    })
}

/// Whether the fuel meter is current at this failure. Other failures happen between two updates.
pub(crate) fn is_metered_exactly(failure: &ProgramFailure) -> bool {
    match failure {
        ProgramFailure::OutOfFuel | ProgramFailure::OutOfMemory | ProgramFailure::OutputLimit => {
            true
        }
        ProgramFailure::Trap(kind) => matches!(
            kind.as_str(),
            "unreachable"
                | STACK_OVERFLOW
                | "uninitialized element"
                | "indirect call type mismatch"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_numbers_never_change() {
        let failed = |failure| exit_code(&Exit::Failed(failure));
        assert_eq!(exit_code(&Exit::Ok), 0);
        assert_eq!(exit_code(&Exit::Code(7)), 7);
        assert_eq!(failed(ProgramFailure::OutOfFuel), -1);
        assert_eq!(failed(ProgramFailure::OutOfMemory), -2);
        assert_eq!(failed(ProgramFailure::OutputLimit), -3);
        assert_eq!(failed(ProgramFailure::Trap("unreachable".into())), -4);
    }

    #[test]
    fn a_large_exit_code_stays_a_failure() {
        assert_eq!(Stop::Exit(256).exit(), Ok(Exit::Code(255)));
        assert_eq!(Stop::Exit(u32::MAX).exit(), Ok(Exit::Code(255)));
        assert_eq!(Stop::Exit(3).exit(), Ok(Exit::Code(3)));
        assert_eq!(Stop::Exit(0).exit(), Ok(Exit::Ok));
    }
}
