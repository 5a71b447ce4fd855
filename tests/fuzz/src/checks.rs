//! Classifies the end of a transaction. The program's own errors and those of the programs that it
//! calls are allowed, each by name. A program that stops in another way, for example by a panic, an
//! access violation or an endless loop, is at fault.

use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use millrace_fixture::{Outcome, TOKEN_2022};
use millrace_program::error::MillraceError;
use solana_sdk::instruction::InstructionError;
use solana_sdk::transaction::TransactionError;

/// First code of the program's own errors.
const OWN: u32 = 6_000;
/// Codes of Anchor's errors, in groups: instructions, constraints, accounts, and the rest.
const FRAMEWORK: [std::ops::RangeInclusive<u32>; 4] =
    [100..=103, 2_000..=2_040, 2_500..=2_506, 3_000..=3_017];
/// Highest error codes of the two token programs and of the system program.
const TOKEN: u32 = 19;
const NEWER_TOKEN: u32 = 68;
const SYSTEM: u32 = 8;

/// The end of a transaction.
pub(crate) enum Classified {
    Done,
    /// Refused with a named error.
    Refused(String),
    /// Ended in a way that must never occur.
    Fault(String),
}

/// Classifies an outcome. If the program's own accounts were overwritten (`tainted`), sums may overflow
/// and the program may panic.
pub(crate) fn classify(outcome: &Outcome, tainted: bool) -> Classified {
    let Err(failed) = outcome else {
        return Classified::Done;
    };
    let mut lines = failed.meta.logs.iter();
    let refused = lines.find_map(|line| line.strip_prefix("Program ")?.split_once(" failed: "));
    let (refuser, reason) = refused.unwrap_or(("", ""));
    let named = format!("{:?} ({reason})", failed.err);
    let allowed = match &failed.err {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
            is_named(refuser, *code)
        }
        TransactionError::InstructionError(_, error) => {
            is_usual(error) || {
                // An overwritten bump does not derive the address to sign for.
                let stopped = ["panicked", "signer seeds"];
                let stopped = stopped.iter().any(|why| reason.contains(why));
                tainted && stopped && *error == InstructionError::ProgramFailedToComplete
            }
        }
        TransactionError::InsufficientFundsForRent { .. } => true,
        _ => false,
    };
    if allowed {
        Classified::Refused(named)
    } else {
        Classified::Fault(format!("{named}\n{}", failed.meta.logs.join("\n")))
    }
}

/// Whether the refusing program defines this error code.
fn is_named(refuser: &str, code: u32) -> bool {
    let own = code.checked_sub(OWN).and_then(|at| u8::try_from(at).ok());
    match refuser {
        _ if refuser == PROGRAM.to_string() => {
            own.is_some_and(|at| MillraceError::from_number(at).is_some())
                || FRAMEWORK.iter().any(|group| group.contains(&code))
        }
        _ if refuser == TOKEN_PROGRAM.to_string() => code <= TOKEN,
        _ if refuser == TOKEN_2022.to_string() => code <= NEWER_TOKEN,
        _ if refuser == SYSTEM_PROGRAM.to_string() => code <= SYSTEM,
        // The ed25519 precompile is not a program and logs nothing.
        "" => code <= 4,
        _ => false,
    }
}

/// Errors without a code that the program or its libraries return deliberately, and errors of a call to
/// another program with unsuitable accounts. The runtime returns some of them itself: if an account is
/// passed as read-only but must change, and if all instructions of a transaction call too often. Errors
/// for other forbidden actions, for aborts and for exceeded limits are not included.
fn is_usual(error: &InstructionError) -> bool {
    use InstructionError as E;
    matches!(
        error,
        E::AccountAlreadyInitialized
            | E::AccountNotRentExempt
            | E::IllegalOwner
            | E::IncorrectAuthority
            | E::IncorrectProgramId
            | E::InsufficientFunds
            | E::InvalidAccountData
            | E::InvalidAccountOwner
            | E::InvalidArgument
            | E::InvalidInstructionData
            | E::InvalidSeeds
            | E::MaxInstructionTraceLengthExceeded
            | E::MissingAccount
            | E::MissingRequiredSignature
            | E::PrivilegeEscalation
            | E::ReadonlyDataModified
            | E::UninitializedAccount
            | E::UnsupportedSysvar
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};

    /// A failed transaction with this error and this log.
    fn ended(error: InstructionError, log: &str) -> Outcome {
        Err(Box::new(FailedTransactionMetadata {
            err: TransactionError::InstructionError(0, error),
            meta: TransactionMetadata {
                logs: vec![log.to_owned()],
                ..TransactionMetadata::default()
            },
        }))
    }

    fn is_fault(outcome: &Outcome, tainted: bool) -> bool {
        matches!(classify(outcome, tainted), Classified::Fault(_))
    }

    #[test]
    fn stop_without_a_named_error_is_a_fault() {
        for reason in ["SBF program panicked", "Access violation in stack frame 3"] {
            let log = format!("Program {PROGRAM} failed: {reason}");
            let outcome = ended(InstructionError::ProgramFailedToComplete, &log);
            assert!(is_fault(&outcome, false), "{reason}");
        }
        let log = format!("Program {PROGRAM} failed: exceeded CUs meter");
        let outcome = ended(InstructionError::ComputationalBudgetExceeded, &log);
        assert!(is_fault(&outcome, true));
    }

    #[test]
    fn only_a_panic_is_tolerated_with_corrupted_accounts() {
        let ended = |reason: &str| {
            let log = format!("Program {PROGRAM} failed: {reason}");
            ended(InstructionError::ProgramFailedToComplete, &log)
        };
        assert!(!is_fault(&ended("SBF program panicked"), true));
        assert!(is_fault(&ended("Access violation in stack frame 3"), true));
    }

    #[test]
    fn error_code_must_exist_in_the_refusing_program() {
        let last = OWN + MillraceError::ALL.len() as u32 - 1;
        for (program, code, named) in [
            (PROGRAM, OWN, true),
            (PROGRAM, last, true),
            (PROGRAM, last + 1, false),
            (PROGRAM, 2_006, true),
            (PROGRAM, 999, false),
            (TOKEN_PROGRAM, TOKEN, true),
            (TOKEN_PROGRAM, TOKEN + 1, false),
            (SYSTEM_PROGRAM, 1, true),
        ] {
            let log = format!("Program {program} failed: custom program error: {code:#x}");
            let outcome = ended(InstructionError::Custom(code), &log);
            assert_eq!(is_fault(&outcome, false), !named, "{code} of {program}");
        }
    }
}
