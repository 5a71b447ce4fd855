//! What kind of failure an error is: few kinds, so that a counter of each can be kept.

use crate::error::OrchestratorError;
use millrace_client::ChainError;

/// All kinds.
pub(super) const KINDS: [&str; 8] = [
    "refused",
    "failed",
    "expired",
    "unreachable",
    "rpc",
    "journal",
    "store",
    "other",
];

/// The kind, and for a refusal the program's name of the error.
pub(super) fn kind_of(error: &OrchestratorError) -> (&'static str, &str) {
    match error {
        OrchestratorError::Chain(ChainError::Refused { name, .. }) => ("refused", name),
        OrchestratorError::Chain(ChainError::Failed { .. }) => ("failed", ""),
        OrchestratorError::Chain(ChainError::Expired { .. }) => ("expired", ""),
        OrchestratorError::Chain(ChainError::Unreachable { .. }) => ("unreachable", ""),
        OrchestratorError::Chain(ChainError::Rpc { .. }) => ("rpc", ""),
        OrchestratorError::Chain(ChainError::Journal(_)) => ("journal", ""),
        OrchestratorError::Store(_) | OrchestratorError::File { .. } => ("store", ""),
        _ => ("other", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_counted_by_the_programs_name_of_it_and_all_else_by_kind() {
        let refused = ChainError::Refused {
            name: "ShardNotDue".to_owned(),
            message: String::new(),
            code: 6001,
        };
        assert_eq!(kind_of(&refused.into()), ("refused", "ShardNotDue"));
        let expired = ChainError::Expired { attempts: 3 };
        assert_eq!(kind_of(&expired.into()), ("expired", ""));
        let others = [
            ChainError::NoNetwork.into(),
            ChainError::journal("full").into(),
            OrchestratorError::NotRegistered(String::new()),
        ];
        for error in others {
            let (kind, name) = kind_of(&error);
            assert!(KINDS.contains(&kind) && name.is_empty(), "{error}");
        }
    }
}
