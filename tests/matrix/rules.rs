//! The expected outcome of each attempt.

use super::attempt::{Attempt, Change};
use super::exceptions::EXCEPTIONS;
use millrace_fixture::MintSetup;
use millrace_fixture::cases::kind::AccountKind;

/// Attempts with an outcome other than the default.
pub(crate) struct Exception {
    /// Patterns of accounts, separated by spaces: `instruction.account` or `instruction/case.account`,
    /// with `*` for any text. The prefix `one_mint:`, `two_mints:` or `token2022:` restricts a pattern
    /// to that mint setup.
    pub at: &'static str,
    pub by: &'static [Change],
    /// Patterns of the substituted account's name; `*` for any text.
    pub with: &'static str,
    pub outcome: &'static str,
    pub why: &'static str,
}

/// The name of an instruction and of its case.
pub(crate) type Name = (&'static str, &'static str);

impl Exception {
    /// The pattern that matches the attempt's account, if the exception applies to the attempt.
    fn matching_slot(&self, here: &[String; 4], attempt: &Attempt) -> Option<&'static str> {
        let by = self.by.contains(&attempt.change);
        let mut with = self.with.split_whitespace();
        let other_parts_match = by && with.any(|pattern| matches_pattern(pattern, &attempt.with));
        let mut at = self.at.split_whitespace();
        let at = at.find(|pattern| here.iter().any(|here| matches_pattern(pattern, here)));
        at.filter(|_| other_parts_match)
    }

    /// The first exception that applies to an attempt: its index and the pattern that matches.
    pub(crate) fn of(
        mint_setup: MintSetup,
        (instruction, case): Name,
        attempt: &Attempt,
    ) -> Option<(usize, &'static str)> {
        let (slot, mint_setup) = (&attempt.name, mint_setup.name());
        let here = [
            format!("{instruction}.{slot}"),
            format!("{instruction}/{case}.{slot}"),
            format!("{mint_setup}:{instruction}.{slot}"),
            format!("{mint_setup}:{instruction}/{case}.{slot}"),
        ];
        let mut exceptions = EXCEPTIONS.iter().enumerate();
        exceptions.find_map(|(number, e)| Some((number, e.matching_slot(&here, attempt)?)))
    }
}

/// Whether a text matches a pattern in which `*` is any text.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter()
                .any(|at| matches_pattern(rest, &text[at..]))
        }),
    }
}

/// The outcome of an attempt without an exception.
pub(crate) fn default_outcome(attempt: &Attempt) -> &'static str {
    use AccountKind::{Millrace, Nothing, Program, Token, Wallet};
    use Change as C;
    match (attempt.change, attempt.kind, attempt.with_kind) {
        (C::Occupied, ..) => "System::AccountAlreadyInUse",
        (C::ReadOnly, ..) if attempt.made => "PrivilegeEscalation",
        (C::ReadOnly, ..) => "ConstraintMut",
        _ if attempt.made => "ConstraintSeeds",
        (C::WrongOwner, ..) => "AccountOwnedByWrongProgram",
        (C::WrongType, ..) => "AccountDiscriminatorMismatch",
        (C::Truncated, ..) => "AccountDidNotDeserialize",
        (C::Empty, ..) => "AccountDiscriminatorNotFound",
        (C::Unsigned, ..) => "AccountNotSigner",
        (C::OtherSigner, ..) => "NotAuthorized",
        (C::Absent, Millrace("Shard"), _) => "WrongShardAccount",
        (C::Absent, ..) => "ChallengeMissing",
        (C::OtherParty, Program, _) => "InvalidProgramId",
        (C::OtherParty, Nothing, _) => "ConstraintAddress",
        (C::Alias | C::AliasOfNew, Wallet, _) => "WrongAccount",
        (C::Alias, Millrace(_), Millrace(_)) => "AccountDiscriminatorMismatch",
        (C::AliasOfNew, Millrace(_), _) => "AccountNotInitialized",
        (C::Alias, Token, Token) => "ConstraintDuplicateMutableAccount",
        (C::Alias | C::AliasOfNew, ..) => "AccountOwnedByWrongProgram",
        (
            C::OtherParty | C::OtherPartyWithRelated | C::Sibling | C::OtherOwner | C::OtherMint,
            ..,
        ) => "WrongAccount",
    }
}

pub(crate) fn expected(mint_setup: MintSetup, name: Name, attempt: &Attempt) -> &'static str {
    let exception = Exception::of(mint_setup, name, attempt);
    exception.map_or_else(
        || default_outcome(attempt),
        |(number, _)| EXCEPTIONS[number].outcome,
    )
}

#[test]
fn patterns_match_as_documented() {
    assert!(
        matches_pattern("bond.source", "bond.source")
            && !matches_pattern("bond.source", "bond.sources")
    );
    assert!(
        matches_pattern("*.program", "bond.program")
            && !matches_pattern("*.program", "bond.program2")
    );
    assert!(matches_pattern(
        "settle_shard*.further*",
        "settle_shard/case.further12"
    ));
}
