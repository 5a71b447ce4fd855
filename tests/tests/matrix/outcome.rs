//! Short names for what became of a transaction.

use super::super::fixture::Outcome;
use millrace_chain::address::{PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM};
use millrace_program::error::MillraceError;
use solana_sdk::instruction::InstructionError;
use solana_sdk::transaction::TransactionError;

/// The name of an outcome that went through.
pub const DONE: &str = "Done";

/// The newer token program.
const TOKEN_2022: &str = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
/// First code of the program's own errors.
const OWN: u32 = 6_000;

/// Errors of the framework that substitutions meet.
const FRAMEWORK: &[(u32, &str)] = &[
    (2_000, "ConstraintMut"),
    (2_001, "ConstraintHasOne"),
    (2_006, "ConstraintSeeds"),
    (2_012, "ConstraintAddress"),
    (2_014, "ConstraintTokenMint"),
    (2_015, "ConstraintTokenOwner"),
    (2_021, "ConstraintTokenTokenProgram"),
    (2_040, "ConstraintDuplicateMutableAccount"),
    (3_001, "AccountDiscriminatorNotFound"),
    (3_002, "AccountDiscriminatorMismatch"),
    (3_003, "AccountDidNotDeserialize"),
    (3_006, "AccountNotMutable"),
    (3_007, "AccountOwnedByWrongProgram"),
    (3_008, "InvalidProgramId"),
    (3_009, "InvalidProgramExecutable"),
    (3_010, "AccountNotSigner"),
    (3_012, "AccountNotInitialized"),
];

/// Errors of the token program that substitutions meet.
const TOKEN: &[(u32, &str)] = &[
    (1, "InsufficientFunds"),
    (2, "InvalidMint"),
    (3, "MintMismatch"),
    (4, "OwnerMismatch"),
];

/// What became of it, in a word: the error's name, with who refused where that was another program.
pub fn name(outcome: &Outcome) -> String {
    let Err(failed) = outcome else {
        return DONE.to_owned();
    };
    let TransactionError::InstructionError(_, error) = &failed.err else {
        return format!("Runtime::{:?}", failed.err);
    };
    let mut logs = failed.meta.logs.iter();
    let refused = logs.find_map(|line| line.strip_prefix("Program ")?.split_once(" failed: "));
    let refuser = refused.map_or("", |(program, _)| program);
    let code = match error {
        InstructionError::Custom(code) => *code,
        other => return format!("{}{other:?}", by(refuser)),
    };
    let known = |list: &[(u32, &str)]| {
        let known = list.iter().find(|(number, _)| *number == code);
        known.map_or_else(|| code.to_string(), |(_, name)| (*name).to_owned())
    };
    if refuser == PROGRAM.to_string() {
        let own = code.checked_sub(OWN).and_then(|at| u8::try_from(at).ok());
        return match own.and_then(MillraceError::from_number) {
            Some(own) => own.name(),
            None => known(FRAMEWORK),
        };
    }
    let list = match refuser == TOKEN_PROGRAM.to_string() {
        true => TOKEN,
        false => &[
            (0, "AccountAlreadyInUse"),
            (1, "ResultWithNegativeLamports"),
        ],
    };
    format!("{}{}", by(refuser), known(list))
}

/// Who refused, where it was not the program itself.
fn by(refuser: &str) -> String {
    match refuser {
        _ if refuser == PROGRAM.to_string() => String::new(),
        _ if refuser == TOKEN_PROGRAM.to_string() => "Token::".to_owned(),
        _ if refuser == SYSTEM_PROGRAM.to_string() => "System::".to_owned(),
        TOKEN_2022 => "Token2022::".to_owned(),
        "" => "Runtime::".to_owned(),
        other => format!("{other}::"),
    }
}
