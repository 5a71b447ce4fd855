//! What a transaction may end with: the program's own errors and those of whom it calls, each by name.
//! A program that stops in any other way, by a panic, by memory that is not its own or by work without
//! an end, is a fault.

use millrace_client::pda::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use millrace_fixture::{Outcome, TOKEN_2022};
use millrace_program::error::MillraceError;
use solana_sdk::instruction::InstructionError;
use solana_sdk::transaction::TransactionError;

/// First code of the program's own errors.
const OWN: u32 = 6_000;
/// Codes of the framework's errors, in groups: instructions, constraints, accounts, and the rest.
const FRAMEWORK: [std::ops::RangeInclusive<u32>; 4] =
    [100..=103, 2_000..=2_040, 2_500..=2_506, 3_000..=3_017];
/// Highest code of each token program's errors, and of the system program's.
const TOKEN: u32 = 19;
const NEWER_TOKEN: u32 = 68;
const SYSTEM: u32 = 8;

/// What became of a transaction.
pub enum End {
    /// It went through.
    Done,
    /// It was refused with a named error.
    Refused(String),
    /// It ended as none may.
    Fault(String),
}

/// Judges an outcome. Where the program's own accounts hold what it never wrote, `tainted`, sums may
/// overflow, and then it may panic.
pub fn judge(outcome: &Outcome, tainted: bool) -> End {
    let Err(failed) = outcome else {
        return End::Done;
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
                // A bump that the program never wrote derives no address to sign for.
                let stopped = ["panicked", "signer seeds"];
                let stopped = stopped.iter().any(|why| reason.contains(why));
                tainted && stopped && *error == InstructionError::ProgramFailedToComplete
            }
        }
        TransactionError::InsufficientFundsForRent { .. } => true,
        _ => false,
    };
    match allowed {
        true => End::Refused(named),
        false => End::Fault(format!("{named}\n{}", failed.meta.logs.join("\n"))),
    }
}

/// Whether an error with a code is one of those that this program has.
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
        // The check of signatures, which is no program, refuses without a word.
        "" => code <= 4,
        _ => false,
    }
}

/// Errors without a number that a program or the libraries in it return of their own will, and those of a
/// call into another program with accounts that the attacker made unfit for it. Where an account is to
/// change that was handed over as one that does not, the runtime itself refuses, and so it does where all
/// instructions of a transaction together call too often. Not among them is what it
/// says to a program that tries anything else that it may not, that breaks off, or that comes to no end.
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

    /// A transaction that ended with `error`, as the logs tell it.
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
        matches!(judge(outcome, tainted), End::Fault(_))
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
