//! What can go wrong between us and the chain, told so that a person knows what to do.

use crate::rpc::redact::redact_text;

use crate::rpc::redact::redact_url;
use solana_rpc_client_api::client_error::{Error as ClientError, ErrorKind};
use solana_sdk::instruction::InstructionError;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::transaction::TransactionError;
use thiserror::Error;

/// First code of the program's own errors (Anchor's convention).
const PROGRAM_ERRORS: u32 = 6000;

/// An error of the client.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The endpoint can't be reached or did not answer.
    #[error(
        "the RPC endpoint {url} does not answer ({reason}); is it running, and is the address right?"
    )]
    Unreachable {
        /// The endpoint.
        url: String,
        /// What the transport said.
        reason: String,
    },
    /// The endpoint answered with an error of its own.
    #[error("the RPC endpoint refused {what}: {reason}")]
    Rpc {
        /// What was asked.
        what: &'static str,
        /// Its answer.
        reason: String,
    },
    /// The endpoint belongs to another cluster than before.
    #[error(
        "the RPC endpoint {url} is of another network: its genesis is {found}, expected {expected}"
    )]
    WrongGenesis {
        /// The endpoint.
        url: String,
        /// Genesis hash found.
        found: String,
        /// Genesis hash expected.
        expected: String,
    },
    /// The program is not on this cluster.
    #[error(
        "program {0} is not deployed there; deploy it, or point --url at a network that has it"
    )]
    NoProgram(Pubkey),
    /// The program is there but no network was initialized.
    #[error(
        "no Millrace network is initialized there; run `millrace migrate` with the deployer's key"
    )]
    NoNetwork,
    /// The program refused an instruction.
    #[error("the program refused: {message} ({name})")]
    Refused {
        /// Error name, as in the IDL.
        name: String,
        /// Its message.
        message: String,
        /// Its code.
        code: u32,
    },
    /// The transaction failed for a reason outside the program.
    #[error("the transaction failed: {error}{}", logs_suffix(logs))]
    Failed {
        /// The cluster's error.
        error: TransactionError,
        /// Logs, where there are any.
        logs: Vec<String>,
    },
    /// The transaction could not be landed after signing anew several times.
    #[error(
        "the transaction did not land before it expired, {attempts} times; the cluster may be overloaded, try again"
    )]
    Expired {
        /// How often it was signed.
        attempts: u32,
    },
    /// The wallet that pays has too little left to begin what pays rent.
    #[error(
        "wallet {payer} has {lamports} lamports, under the floor of {floor}: nothing new that pays rent is begun until SOL is sent to it"
    )]
    PayerLow {
        /// The wallet.
        payer: Pubkey,
        /// What it has.
        lamports: u64,
        /// What it needs.
        floor: u64,
    },
    /// An account holds something else than expected.
    #[error("account {address} is not {} {expected} account", article(expected))]
    Layout {
        /// The account.
        address: Pubkey,
        /// What was expected there.
        expected: &'static str,
    },
    /// An account does not exist.
    #[error("no {what} account exists at {address}")]
    Missing {
        /// The account.
        address: Pubkey,
        /// What was expected there.
        what: &'static str,
    },
    /// A key file or configuration can't be used.
    #[error("{0}")]
    Wallet(String),
    /// An endpoint does not reach back to where the stored history ends.
    #[error(
        "the RPC endpoint knows nothing between slot {from}, where the stored history ends, and slot {to}; give one that keeps all of it (--url takes several, by preference)"
    )]
    HistoryGap {
        /// Where the stored history ends.
        from: u64,
        /// The oldest that the endpoint knows after it.
        to: u64,
    },
    /// The program there is of another version than this build.
    #[error(
        "the program there keeps accounts of version {found}, and this build knows version {expected}; {}",
        version_advice(*found, *expected)
    )]
    WrongVersion {
        /// The version there.
        found: u8,
        /// The version of this build.
        expected: u8,
    },
    /// The program there is not the one that was expected.
    #[error(
        "program {program} has the hash {found}, expected {expected}; check --program-hash, or deploy the program that it names"
    )]
    WrongProgram {
        /// The program.
        program: Pubkey,
        /// Its hash.
        found: String,
        /// The hash expected.
        expected: String,
    },
    /// The journal of transactions can't be written or read.
    #[error("the transaction journal failed: {0}")]
    Journal(String),
}

impl ChainError {
    /// Classifies an error of the RPC client.
    pub fn from_client(url: &str, what: &'static str, error: ClientError) -> Self {
        match error.kind() {
            ErrorKind::Reqwest(_) | ErrorKind::Io(_) | ErrorKind::Middleware(_) => {
                Self::Unreachable {
                    url: redact_url(url),
                    reason: redact_text(&root_cause(&error)),
                }
            }
            ErrorKind::TransactionError(e) => Self::from_transaction(e.clone(), Vec::new()),
            _ => Self::Rpc {
                what,
                reason: redact_text(&error.to_string()),
            },
        }
    }

    /// Names the program's errors; others stay as they are.
    pub fn from_transaction(error: TransactionError, logs: Vec<String>) -> Self {
        let TransactionError::InstructionError(_, InstructionError::Custom(code)) = &error else {
            return Self::Failed { error, logs };
        };
        match program_error(*code).or_else(|| framework_error(*code)) {
            Some((name, message)) => Self::Refused {
                name,
                message,
                code: *code,
            },
            None => Self::Failed { error, logs },
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Rpc { .. } | Self::Expired { .. }
        )
    }

    /// The name of the program's refusal, where it is one.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { name, .. } => Some(name),
            _ => None,
        }
    }
}

fn logs_suffix(logs: &[String]) -> String {
    let said = logs
        .iter()
        .rev()
        .find(|l| l.contains("rror") || l.contains("failed"));
    said.map(|l| format!(" ({l})")).unwrap_or_default()
}

fn version_advice(found: u8, expected: u8) -> &'static str {
    match found > expected {
        true => "install the millrace that came with that program",
        false => {
            "upgrade the program and run `millrace migrate` with the deployer's key, or use the millrace that came with it"
        }
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// The program's own error by its code.
fn program_error(code: u32) -> Option<(String, String)> {
    use millrace_program::error::MillraceError;
    let at = u8::try_from(code.checked_sub(PROGRAM_ERRORS)?).ok()?;
    let known = MillraceError::from_number(at)?;
    Some((known.name(), known.to_string()))
}

/// An error of the framework by its code: what the program says of accounts and data that are not what
/// an instruction needs.
fn framework_error(code: u32) -> Option<(String, String)> {
    use anchor_lang::error::ErrorCode as E;
    const KNOWN: [E; 23] = [
        E::InstructionFallbackNotFound,
        E::InstructionDidNotDeserialize,
        E::ConstraintMut,
        E::ConstraintHasOne,
        E::ConstraintSigner,
        E::ConstraintSeeds,
        E::ConstraintClose,
        E::ConstraintAddress,
        E::ConstraintTokenMint,
        E::ConstraintTokenOwner,
        E::ConstraintTokenTokenProgram,
        E::ConstraintDuplicateMutableAccount,
        E::AccountDiscriminatorAlreadySet,
        E::AccountDiscriminatorNotFound,
        E::AccountDiscriminatorMismatch,
        E::AccountDidNotDeserialize,
        E::AccountNotEnoughKeys,
        E::AccountNotMutable,
        E::AccountOwnedByWrongProgram,
        E::InvalidProgramId,
        E::InvalidProgramExecutable,
        E::AccountNotSigner,
        E::AccountNotInitialized,
    ];
    let known = KNOWN.into_iter().find(|known| *known as u32 == code)?;
    Some((known.name(), known.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_named_even_without_logs() {
        let error = TransactionError::InstructionError(0, InstructionError::Custom(6004));
        let named = ChainError::from_transaction(error, Vec::new());
        assert_eq!(named.refusal(), Some("ParameterOutOfBounds"));
    }

    #[test]
    fn a_refusal_of_the_framework_is_named_and_a_strangers_is_told_as_it_is() {
        let refused = |code| {
            let error = TransactionError::InstructionError(0, InstructionError::Custom(code));
            ChainError::from_transaction(error, Vec::new())
        };
        assert_eq!(refused(3012).refusal(), Some("AccountNotInitialized"));
        let told = refused(3012).to_string();
        assert!(
            told.contains("expected this account to be already initialized"),
            "{told}"
        );
        assert_eq!(refused(1).refusal(), None);
    }
}
