//! Errors of this crate. Each text names the wrong value, and then the way to resolve the error.

use crate::rpc::redact::{redact_text, redact_url};
use solana_rpc_client_api::client_error::{Error as ClientError, ErrorKind};
use solana_sdk::instruction::InstructionError;
use solana_sdk::pubkey::Pubkey;
use solana_sdk::transaction::TransactionError;
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Code of the program's first error, by Anchor's convention.
const FIRST_PROGRAM_ERROR: u32 = 6000;

/// An error of any kind, as the source of another.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error of this crate.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The endpoint cannot be reached or did not answer.
    #[error(
        "the RPC endpoint {url} does not answer ({reason}); check that it is running and that the address is right"
    )]
    Unreachable {
        /// The endpoint's address, redacted.
        url: String,
        /// The transport's error as redacted text. The error itself is not kept, because it may contain
        /// secrets of the address.
        reason: String,
    },
    /// The endpoint answered with an error of its own.
    #[error("the RPC endpoint refused {what}: {reason}")]
    Rpc {
        /// What was requested.
        what: &'static str,
        /// The endpoint's answer, redacted.
        reason: String,
    },
    /// The endpoint belongs to another cluster than before.
    #[error(
        "the RPC endpoint {url} belongs to another cluster: its genesis hash is {found}, expected {expected}"
    )]
    WrongGenesis {
        /// The endpoint's address, redacted.
        url: String,
        /// The endpoint's genesis hash.
        found: String,
        /// The expected genesis hash.
        expected: String,
    },
    /// The program does not exist on this cluster.
    #[error(
        "program {0} is not deployed on this cluster; deploy it, or point --url at a cluster that has it"
    )]
    NoProgram(Pubkey),
    /// The program exists, but its network was not initialized.
    #[error(
        "no Millrace network is initialized on this cluster; run `millrace migrate` with the deployer's key"
    )]
    NoNetwork,
    /// The program refused an instruction.
    #[error("the program refused: {message} ({name})")]
    Refused {
        /// The error's name in the IDL, or Anchor's name for it.
        name: String,
        /// The error's message.
        message: String,
        /// The error's code.
        code: u32,
    },
    /// The transaction failed for a reason outside the program.
    #[error("the transaction failed: {error}{}", logs_suffix(logs))]
    Failed {
        /// The cluster's error.
        #[source]
        error: TransactionError,
        /// The transaction's logs, if the endpoint returned them.
        logs: Vec<String>,
    },
    /// The transaction did not land, although it was signed several times.
    #[error(
        "the transaction did not land before it expired, {attempts} times; the cluster may be overloaded, try again"
    )]
    Expired {
        /// How often it was signed.
        attempts: u32,
    },
    /// The wallet has too little SOL to start anything that pays rent.
    #[error(
        "wallet {payer} has {lamports} lamports, below the floor of {floor}: no transaction that pays rent is started until SOL is sent to it"
    )]
    PayerLow {
        /// The wallet.
        payer: Pubkey,
        /// Its balance.
        lamports: u64,
        /// The balance below which it pays no rent.
        floor: u64,
    },
    /// An account holds something else than expected.
    #[error("account {address} is not {} {expected} account", article(expected))]
    Layout {
        /// The account.
        address: Pubkey,
        /// The expected kind of account.
        expected: &'static str,
    },
    /// An account does not exist.
    #[error("no {what} account exists at {address}")]
    Missing {
        /// The account.
        address: Pubkey,
        /// The expected kind of account.
        what: &'static str,
    },
    /// The program is owned by a loader that this build does not support.
    #[error(
        "program {program} is owned by {loader}, which is not a loader that this build supports"
    )]
    UnknownLoader {
        /// The program.
        program: Pubkey,
        /// The owner of its account.
        loader: Pubkey,
    },
    /// The program was closed. Its address cannot be used again.
    #[error("program {0} was closed, which cannot be undone; deploy it under another address")]
    ProgramClosed(Pubkey),
    /// A key file cannot be used.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The endpoint's history does not reach back to the end of the stored history.
    #[error(
        "the RPC endpoint has no history between slot {from}, where the stored history ends, and slot {to}; use an endpoint that keeps all of it (--url takes several, by preference)"
    )]
    HistoryGap {
        /// Where the stored history ends.
        from: u64,
        /// The oldest slot after it that the endpoint has.
        to: u64,
    },
    /// The program's accounts have another version than this build.
    #[error(
        "the program on this cluster uses account version {found}, and this build supports version {expected}; {}",
        version_advice(*found, *expected)
    )]
    WrongVersion {
        /// The version on chain.
        found: u8,
        /// The version of this build.
        expected: u8,
    },
    /// The program on chain is not the expected build.
    #[error(
        "program {program} has the hash {found}, expected {expected}; check --program-hash, or deploy the expected program"
    )]
    WrongProgram {
        /// The program.
        program: Pubkey,
        /// Its hash, hex.
        found: String,
        /// The expected hash, hex.
        expected: String,
    },
    /// The journal of transactions cannot be written or read.
    #[error("the transaction journal failed: {0}")]
    Journal(#[source] BoxError),
    /// The store of events cannot be written or read.
    #[error("the event store failed: {0}")]
    EventStore(#[source] BoxError),
}

/// A key file that cannot be used.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The file cannot be read.
    #[error(
        "the key file {} can't be read ({source}); create one with `millrace wallet new --out {}`, or name another with --keypair",
        path.display(), path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The file does not hold a key pair.
    #[error("{} is not a Solana key file: it must be a JSON list of 64 numbers", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the key file {} can't be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why it cannot be written.
        source: io::Error,
    },
}

impl ChainError {
    /// Classifies an error of the RPC client: `url` is the endpoint, `what` was requested from it.
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

    /// Names the program's own errors and those of Anchor; any other error becomes [`Self::Failed`].
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

    /// An error of a [`Journal`](crate::tx::journal::Journal).
    pub fn journal(source: impl Into<BoxError>) -> Self {
        Self::Journal(source.into())
    }

    /// An error of a [`CursorStore`](crate::history::CursorStore).
    pub fn event_store(source: impl Into<BoxError>) -> Self {
        Self::EventStore(source.into())
    }

    /// Whether the same call may succeed later although nothing was changed.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Rpc { .. } | Self::Expired { .. }
        )
    }

    /// The error's name if the program refused an instruction.
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// The last line of the logs that reports an error.
fn logs_suffix(logs: &[String]) -> String {
    let mut newest_first = logs.iter().rev();
    let line = newest_first.find(|line| line.contains("rror") || line.contains("failed"));
    line.map(|line| format!(" ({line})")).unwrap_or_default()
}

fn version_advice(found: u8, expected: u8) -> &'static str {
    if found > expected {
        "install the millrace that was released with that program"
    } else {
        "upgrade the program and run `millrace migrate` with the deployer's key, or use the millrace that was released with it"
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Name and message of the program's error with this code.
fn program_error(code: u32) -> Option<(String, String)> {
    use millrace_program::error::MillraceError;
    let number = u8::try_from(code.checked_sub(FIRST_PROGRAM_ERROR)?).ok()?;
    let error = MillraceError::from_number(number)?;
    Some((error.name(), error.to_string()))
}

/// Name and message of Anchor's error with this code: the program returns them for accounts and data that
/// are not what an instruction needs.
fn framework_error(code: u32) -> Option<(String, String)> {
    use anchor_lang::error::ErrorCode as E;
    const ERRORS: [E; 23] = [
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
    let error = ERRORS.into_iter().find(|error| *error as u32 == code)?;
    Some((error.name(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(code: u32) -> ChainError {
        let error = TransactionError::InstructionError(0, InstructionError::Custom(code));
        ChainError::from_transaction(error, Vec::new())
    }

    #[test]
    fn refusals_are_named_without_logs() {
        assert_eq!(custom(6004).refusal(), Some("ParameterOutOfBounds"));
    }

    #[test]
    fn framework_errors_are_named_and_foreign_codes_are_not() {
        assert_eq!(custom(3012).refusal(), Some("AccountNotInitialized"));
        let text = custom(3012).to_string();
        assert!(
            text.contains("expected this account to be already initialized"),
            "{text}"
        );
        assert_eq!(custom(1).refusal(), None);
    }

    #[test]
    fn errors_about_accounts_read_as_sentences() {
        let address = Pubkey::default();
        let layout = |expected| ChainError::Layout { address, expected }.to_string();
        assert!(layout("job").ends_with("is not a job account"));
        assert!(layout("orchestrator").ends_with("is not an orchestrator account"));
        let missing = ChainError::Missing {
            address,
            what: "mint",
        };
        assert_eq!(
            missing.to_string(),
            format!("no mint account exists at {address}")
        );
    }
}
