//! How a run ended: the part of it that all machines agree upon.

use serde::{Deserialize, Serialize};
use wasmtime::Trap;

/// Everything a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutcome {
    /// How the program ended.
    pub exit: Exit,
    /// What it wrote to standard output; empty if it failed.
    pub output: Vec<u8>,
    /// What it wrote to standard error, up to the limit. Not agreed upon.
    pub log: Vec<u8>,
    /// Whether the log lost its end to the limit.
    pub log_truncated: bool,
    /// Fuel used, at most the limit; 0 from an unmetered runtime.
    pub fuel: u64,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It returned from `_start` or exited with 0.
    Ok,
    /// It exited with this code, 1 to 255 (larger ones count as 255, as a shell sees them).
    Code(i32),
    /// It was ended.
    Failed(ProgramFailure),
}

/// Why a program was ended, the same on every machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramFailure {
    /// It used up its fuel.
    OutOfFuel,
    /// It wanted more memory than its limit.
    OutOfMemory,
    /// It wrote more output than its limit.
    OutputLimit,
    /// It did what WebAssembly forbids. The name is one of a fixed list: `unreachable`,
    /// `stack overflow`, `integer divide by zero`, `integer overflow`,
    /// `invalid conversion to integer`, `out of bounds memory access`,
    /// `out of bounds table access`, `uninitialized element`, `indirect call type mismatch`.
    Trap(String),
}

/// The number that stands for an exit in a receipt. The numbers below zero never change their
/// meaning; new ones are added at the end.
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

/// What travels through WebAssembly frames as an error when the host ends a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error("exit {0}")]
    Exit(u32),
    #[error("{0}")]
    Failed(ProgramFailure),
    /// Timeout or cancellation; the one who asked for it knows which.
    #[error("interrupted")]
    Interrupted,
    #[error("{0}")]
    Host(String),
}

/// Name of the failure that the stack meter reports.
pub(crate) const STACK_OVERFLOW: &str = "stack overflow";

impl Stop {
    /// Reads the error that ended a call into WebAssembly.
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        if let Some(stop) = error.downcast_ref::<Self>() {
            return stop.clone();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Failed(ProgramFailure::OutOfFuel),
            Some(Trap::Interrupt) => Self::Interrupted,
            Some(Trap::StackOverflow) => Self::Host(
                "its native stack ran out before the program's stack limit was reached".into(),
            ),
            Some(trap) => match trap_name(*trap) {
                Some(name) => Self::Failed(ProgramFailure::Trap(name.into())),
                None => Self::Host(trap.to_string()),
            },
            None => Self::Host(format!("{error:#}")),
        }
    }

    /// How a program that ended so is reported, or what ails the host.
    pub(crate) fn exit(self) -> Result<Exit, Self> {
        match self {
            Self::Exit(0) => Ok(Exit::Ok),
            // A code that does not fit must not become a success.
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

/// Whether the meter is up to date when this happens. The others happen between two readings.
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
    fn the_numbers_of_exits_stay_what_they_are() {
        let failed = |failure| exit_code(&Exit::Failed(failure));
        assert_eq!(exit_code(&Exit::Ok), 0);
        assert_eq!(exit_code(&Exit::Code(7)), 7);
        assert_eq!(failed(ProgramFailure::OutOfFuel), -1);
        assert_eq!(failed(ProgramFailure::OutOfMemory), -2);
        assert_eq!(failed(ProgramFailure::OutputLimit), -3);
        assert_eq!(failed(ProgramFailure::Trap("unreachable".into())), -4);
    }

    #[test]
    fn an_exit_code_that_does_not_fit_stays_a_failure() {
        assert_eq!(Stop::Exit(256).exit(), Ok(Exit::Code(255)));
        assert_eq!(Stop::Exit(u32::MAX).exit(), Ok(Exit::Code(255)));
        assert_eq!(Stop::Exit(3).exit(), Ok(Exit::Code(3)));
        assert_eq!(Stop::Exit(0).exit(), Ok(Exit::Ok));
    }
}
